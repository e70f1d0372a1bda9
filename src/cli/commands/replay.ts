import { systemClock } from '../../core/clock.ts';
import type { Settings } from '../../config/settings.ts';
import { openState } from '../session/open-state.ts';
import { hasState, stateFile, type Store, type WaitingSink, waitingSinks } from '../../state/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { shownTarget } from '../../sink/shown.ts';
import { sinkKey } from '../../state/seen-files.ts';
import { counted } from '../../event/text.ts';
import { isSure } from '../session/confirm.ts';
import { shipAndReport, type Shipment } from '../session/deliver.ts';
import { printLostRuns } from '../session/report/summary.ts';
import { jsonWaiting, waitingLines } from '../session/report/waiting.ts';
import { print, printLines } from '../session/terminal.ts';
import { type CommandContext, settingsOf, text } from '../session/context.ts';
import type { Command } from '../command.ts';
import { SHIP_OPTIONS, without } from '../session/options.ts';
import { readState } from '../session/known-state.ts';
import { chosenOf, movedTo, sinkOf } from '../session/waiting-sinks.ts';
import { refuseExtraWords } from '../session/words.ts';

/** `portlog replay`: sends, lists or deletes events that earlier runs left on disk. */
export const replay: Command = {
  name: 'replay',
  summary: 'send, list or delete events that wait on disk because a sink was down',
  usage: ['replay [options]'],
  options: {
    list: { type: 'boolean', group: 'What', about: 'list waiting and rejected events, and send nothing' },
    dead: { type: 'boolean', group: 'What', about: 'send rejected events (dead letters) again; with --purge: delete them' },
    from: {
      type: 'string',
      value: 'SINK=URL',
      group: 'What',
      about: 'only events that wait for this destination; with --to: send them there instead',
    },
    purge: { type: 'boolean', group: 'What', about: 'delete waiting events, after asking' },
    yes: { type: 'boolean', group: 'What', about: 'do not ask' },
    ...without(SHIP_OPTIONS, [
      'format',
      'all',
      'again',
      'changes',
      'confirm-scans',
      'mass-change',
      'intel-dir',
      'exposure',
      'spool-max-mib',
      'spool-when-full',
      // Events on disk are sent unchanged, so these options have no effect.
      'sensor',
      'tag',
      'label',
    ]),
    site: { ...SHIP_OPTIONS.site, about: 'site of the events about this run; waiting events of all sites are sent' },
  },
  examples: [
    { line: 'portlog replay --list', about: 'show waiting events and since when, and rejected events and why' },
    { line: 'portlog replay', about: 'send waiting events' },
  ],
  run: replayWaiting,
};

async function replayWaiting(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  refuseExtraWords(words, 'replay');
  const { values, log } = context;
  const settings = await settingsOf(context);
  if (!hasState(settings.stateDir)) {
    log.info(`nothing waits: there is no ${stateFile(settings.stateDir)}`);
    return EXIT.delivered;
  }
  if (values['list'] === true) return listWaiting(context, settings);
  const store = openState(context, settings, 'the spool');
  let next: Shipment | ExitCode = EXIT.delivered;
  try {
    next = await shipmentOf(context, settings, store);
  } finally {
    // A killed run is reported once, by whichever command finds it.
    if (typeof next === 'number') {
      printLostRuns(store.lostRuns, log);
      store.close();
    }
  }
  return typeof next === 'number' ? next : (await shipAndReport(context, settings, next)).code;
}

/** What is to be sent; the exit code when nothing is. */
async function shipmentOf(context: CommandContext, settings: Settings, store: Store): Promise<Shipment | ExitCode> {
  const { values, log } = context;
  const from = text(values, 'from');
  const waiting = chosenOf(store.waiting(), settings, from);
  if (values['purge'] === true) return purge(context, store, waiting);
  const retryDeadLetters = values['dead'] === true;
  const concerned = retryDeadLetters ? waiting : waiting.filter(({ tables }) => tables.spool.usage().events > 0);
  if (concerned.length === 0) {
    log.info('nothing waits');
    return EXIT.delivered;
  }
  return { sources: [], store, retryDeadLetters, ...(await destinationsOf(context, settings, from, concerned)) };
}

/** The sinks that it goes to, and what waits for others than these. */
async function destinationsOf(
  context: CommandContext,
  settings: Settings,
  from: string | undefined,
  waiting: readonly WaitingSink[],
): Promise<Pick<Shipment, 'sinks' | 'takeOver'>> {
  if (from === undefined) return { sinks: await Promise.all(waiting.map(({ identity }) => sinkOf(context, settings, identity))), takeOver: [] };
  const sink = await movedTo(context, settings, waiting);
  const takeOver = waiting.filter(({ identity }) => sinkKey(sink.identity) !== sinkKey(identity));
  for (const one of takeOver) takeLease(one);
  return { sinks: [sink], takeOver };
}

/** Sends nothing and writes nothing. */
async function listWaiting({ values, terminal }: CommandContext, settings: Settings): Promise<ExitCode> {
  await readState(settings.stateDir, async (database) => {
    const waiting = chosenOf(waitingSinks(database), settings, text(values, 'from'));
    if (values['json'] === true) await print(terminal, `${jsonWaiting(waiting)}\n`);
    else await printLines(terminal, waitingLines(waiting));
  });
  return EXIT.delivered;
}

/** Takes the lease of the spool, so that no other process sends from it meanwhile; throws when one does. */
function takeLease({ identity: { type, target }, tables }: WaitingSink): void {
  if (tables.lease.take(systemClock.elapsed)) return;
  throw new PortlogError('state-unusable', `another portlog is sending what waits for ${type} ${shownTarget(target)}`, {
    hint: 'wait until it has ended',
  });
}

async function purge(context: CommandContext, store: Store, waiting: readonly WaitingSink[]): Promise<ExitCode> {
  const { values, log } = context;
  const dead = values['dead'] === true;
  const events = waiting.reduce((sum, { tables }) => sum + (dead ? tables.deadLetters.count() : tables.spool.usage().events), 0);
  const what = dead ? counted(events, 'dead letter') : counted(events, 'waiting event');
  if (events === 0) {
    log.info('there is nothing to delete');
    return EXIT.delivered;
  }
  if (values['yes'] !== true && !(await isSure(context, `delete ${what}`, '--purge'))) {
    log.info('nothing was deleted');
    return EXIT.usage;
  }
  // Dead letters are not counted again: their fate is known.
  if (dead) store.transaction(() => waiting.forEach(({ tables }) => tables.deadLetters.purge()));
  else store.purge(waiting);
  log.info(`deleted ${what}`);
  return EXIT.delivered;
}
