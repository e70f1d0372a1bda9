import type { WazuhOptions } from './options.ts';
import { existsSync, fstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { statOf } from '../../core/stat-of.ts';
import { flatLine } from '../../event/flat.ts';
import { encoded } from '../transport/body.ts';
import { fileSink } from '../file/file.ts';
import { type Diagnosis, type Sink, SinkError, type Notify } from '../sink.ts';
import { FOUND_AFTER_MS, SharedRateLimit } from './shared-rate-limit.ts';

/** Default rate. An agent forwards 500 events a second, and drops what its buffer of 5,000 does not hold. */
const DEFAULT_EVENTS_PER_SECOND = 400;
const MAX_EVENTS = 100;

/**
 * A file that an agent's logcollector reads (`<localfile>`, `log_format` json): the way for many events. All processes together write no
 * faster than an agent forwards. A new file, also after a rotation, is only written when an agent has found it: the agent opens a file that
 * did not exist before at its end, and reads one that replaces another in gulps of 10,000 lines, of which its queue holds 1,024.
 * https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/localfile.html
 */
export function logcollectorFile(options: WazuhOptions, notify: Notify): Omit<Sink, 'accepts'> {
  const path = resolve(options.target ?? '');
  const name = `wazuh ${path}`;
  const pace = new AgentPace(path, name, options, notify);
  const file = fileSink(options, (opened, events, signal) => pace.permit(opened, events, signal));
  return {
    ...file,
    name,
    identity: { ...file.identity, type: 'wazuh' },
    limits: { ...file.limits, maxEvents: MAX_EVENTS },
    encode: (event) => encoded([flatLine(event), '\n']),
    async check(signal) {
      return [...(await file.check(signal)), ...(existsSync(path) ? [] : [NOT_THERE])];
    },
    async send(batch, signal) {
      pace.look();
      return file.send(batch, signal);
    },
    async close() {
      pace.close();
      await file.close();
    },
  };
}

/** Permits writing when an agent has found the file, and as fast as an agent reads, together with all processes that write to it. */
class AgentPace {
  private readonly path: string;
  private readonly name: string;
  private readonly options: WazuhOptions;
  private readonly notify: Notify;
  private turns: SharedRateLimit | undefined;
  /** The file that was there when the batch came; undefined once {@link SharedRateLimit} knows of it. */
  private before: { readonly inode: string | undefined } | undefined;

  constructor(path: string, name: string, options: WazuhOptions, notify: Notify) {
    this.path = path;
    this.name = name;
    this.options = options;
    this.notify = notify;
  }

  /** Looks which file is there before a batch is written. */
  look(): void {
    this.before = { inode: statOf(this.path)?.ino.toString() };
  }

  async permit(opened: number, events: number, signal: AbortSignal): Promise<void> {
    const { eventsPerSecond = DEFAULT_EVENTS_PER_SECOND, clock = systemClock } = this.options;
    const inode = String(fstatSync(opened).ino);
    const isNewFor = this.ask((turns) => {
      if (this.before !== undefined) turns.sees(this.before.inode);
      this.before = undefined;
      return turns.untilFound(inode, clock.elapsed());
    });
    if (isNewFor > 0) this.notify(`${this.name} is a new file: it is written to in ${Math.ceil(isNewFor / 1000)} s, when the agent has found it`);
    await this.wait(isNewFor, signal);
    const untilTurn = this.ask((turns) => turns.reserve((events / eventsPerSecond) * 1000, clock.elapsed()));
    await this.wait(untilTurn, signal);
  }

  close(): void {
    this.turns?.close();
    this.turns = undefined;
  }

  private ask(question: (turns: SharedRateLimit) => number): number {
    const { name } = this;
    if (this.turns === undefined) {
      this.turns = new SharedRateLimit(this.path);
      if (this.turns.whyNotShared !== undefined)
        this.notify(`${name}: other processes that write to it are not waited for, because ${this.turns.whyNotShared}`);
    }
    try {
      return question(this.turns);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new SinkError('temporary', `${name}: the file that coordinates several portlog processes cannot be used: ${reason}`, { cause });
    }
  }

  private async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (milliseconds > 0) await (this.options.clock ?? systemClock).sleep(milliseconds, signal);
    if (signal.aborted) throw new SinkError('temporary', `${this.name}: interrupted while it waited for the rate limit`);
  }
}

const NOT_THERE: Diagnosis = {
  level: 'ok',
  message: `when it is made, an agent that runs finds it up to 64 s later, so the first lines are written after ${FOUND_AFTER_MS / 1000} s`,
  hint: 'make it before the agent starts; docs/how-to/wazuh.md',
};
