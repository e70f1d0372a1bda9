import type { WazuhOptions } from './options.ts';
import { existsSync, fstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { statOf } from '../../core/stat-of.ts';
import { flatLine } from '../../event/flat.ts';
import { encoded } from '../transport/body.ts';
import { fileSink } from '../file/file.ts';
import { type Diagnosis, type Sink, SinkError, type Notify } from '../sink.ts';
import { FOUND_AFTER_MS, Turns } from './turns.ts';

/** Default rate. An agent forwards 500 events a second, and drops what its buffer of 5,000 does not hold. */
const DEFAULT_EVENTS_PER_SECOND = 400;
const MAX_EVENTS = 100;

/**
 * A file that an agent's logcollector reads (`<localfile>`, `log_format` json): the way for many events. All processes together write no
 * faster than an agent forwards. A new file, also after a rotation, is only written when an agent has found it: the agent opens a file that
 * did not exist before at its end, and reads one that replaces another in gulps of 10,000 lines, of which its queue holds 1,024.
 * https://documentation.wazuh.com/current/user-manual/reference/ossec-conf/localfile.html
 */
export function logcollectorFile(options: WazuhOptions, tell: Notify): Omit<Sink, 'accepts'> {
  const { eventsPerSecond = DEFAULT_EVENTS_PER_SECOND, target = '', clock = systemClock } = options;
  const path = resolve(target);
  const name = `wazuh ${path}`;
  let turns: Turns | undefined;
  /** The file that was there when the batch came; undefined once {@link Turns} knows of it. */
  let before: { readonly inode: string | undefined } | undefined;
  const file = fileSink(options, async (opened, events, signal) => {
    const inode = String(fstatSync(opened).ino);
    const isNewFor = mine((own) => {
      if (before !== undefined) own.sees(before.inode);
      before = undefined;
      return own.untilFound(inode, clock.elapsed());
    });
    if (isNewFor > 0) tell(`${name} is a new file: it is written to in ${Math.ceil(isNewFor / 1000)} s, when the agent has found it`);
    await waited(isNewFor, signal);
    await waited(
      mine((own) => own.take((events / eventsPerSecond) * 1000, clock.elapsed())),
      signal,
    );
  });

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
      before = { inode: statOf(path)?.ino.toString() };
      return file.send(batch, signal);
    },
    async close() {
      turns?.close();
      turns = undefined;
      await file.close();
    },
  };

  /** Takes this process's turn among all that write to the file. */
  function mine(ask: (turns: Turns) => number): number {
    if (turns === undefined) {
      turns = new Turns(path);
      if (turns.alone !== undefined) tell(`${name}: other processes that write to it are not waited for, because ${turns.alone}`);
    }
    try {
      return ask(turns);
    } catch (error) {
      throw new SinkError('temporary', `${name}: the file by which several portlogs take turns cannot be used: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async function waited(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (milliseconds > 0) await clock.sleep(milliseconds, signal);
    if (signal.aborted) throw new SinkError('temporary', `${name}: interrupted while it waited for the rate limit`);
  }
}

const NOT_THERE: Diagnosis = {
  level: 'ok',
  message: `when it is made, an agent that runs finds it up to 64 s later, so the first lines are written after ${FOUND_AFTER_MS / 1000} s`,
  hint: 'make it before the agent starts; docs/how-to/wazuh.md',
};
