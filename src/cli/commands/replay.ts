import { quotedWord } from '../../core/shell-word.ts';
import { systemClock } from '../../core/clock.ts';
import type { Settings } from '../../config/settings.ts';
import { sinkOptions } from '../../config/connection.ts';
import { openState } from '../session/open-state.ts';
import { hasState, stateFile, type Store, type WaitingSink, waitingSinks } from '../../state/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { addressOf, inScope } from '../../sink/address.ts';
import { shownIdentity, shownTarget } from '../../sink/shown.ts';
import type { SinkOptions } from '../../sink/kinds.ts';
import { createSink } from '../../sink/registry.ts';
import { sinkKey } from '../../state/seen-files.ts';
import type { Sink, SinkIdentity } from '../../sink/sink.ts';
import { counted } from '../../event/text.ts';
import { isSure } from '../session/confirm.ts';
import { shipAndReport } from '../session/deliver.ts';
import { printLostRuns } from '../session/report/summary.ts';
import { jsonWaiting, waitingLines } from '../session/report/waiting.ts';
import { print, printLines } from '../session/terminal.ts';
import { type CommandContext, settingsOf, text } from '../session/context.ts';
import type { Command } from '../command.ts';
import { SHIP_OPTIONS, without } from '../session/options.ts';
import { readState } from '../session/known-state.ts';
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
    site: { ...SHIP_OPTIONS.site, about: 'the site that events about this run name; what waits is sent whatever its site' },
  },
  examples: [
    { line: 'portlog replay --list', about: 'what waits since when, and what was rejected and why' },
    { line: 'portlog replay', about: 'send what waits' },
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
  let open = true;
  try {
    const from = text(values, 'from');
    const waiting = wanted(store.waiting(), settings, from);
    if (values['purge'] === true) return await purge(context, store, waiting);
    const concerned = values['dead'] === true ? waiting : waiting.filter(({ tables }) => tables.spool.usage().events > 0);
    if (concerned.length === 0) {
      log.info('nothing waits');
      return EXIT.delivered;
    }
    const sinks =
      from === undefined
        ? await Promise.all(concerned.map(({ identity }) => sinkOf(context, settings, identity)))
        : [await movedTo(context, settings, concerned)];
    const takeOver =
      from === undefined ? [] : concerned.filter(({ identity }) => sinks.every((sink) => sinkKey(sink.identity) !== sinkKey(identity)));
    for (const one of takeOver) takeLease(one);
    open = false;
    return (await shipAndReport(context, settings, { sources: [], sinks, store, retryDeadLetters: values['dead'] === true, takeOver })).code;
  } finally {
    // A killed run is reported once, by whichever command finds it.
    if (open) printLostRuns(store.lostRuns, log);
    if (open) store.close();
  }
}

/** Sends nothing and writes nothing. */
async function listWaiting({ values, terminal }: CommandContext, settings: Settings): Promise<ExitCode> {
  await readState(settings.stateDir, async (database) => {
    const waiting = wanted(waitingSinks(database), settings, text(values, 'from'));
    if (values['json'] === true) await print(terminal, `${jsonWaiting(waiting)}\n`);
    else await printLines(terminal, waitingLines(waiting));
  });
  return EXIT.delivered;
}

function wanted(waiting: readonly WaitingSink[], settings: Settings, from: string | undefined): readonly WaitingSink[] {
  return waiting.filter(({ identity }) => (from === undefined ? isWanted(identity, settings) : isNamed(identity, from)));
}

/** Whether a destination is meant; without `--to`, all are. */
function isWanted(identity: SinkIdentity, { sinks }: Settings): boolean {
  return sinks.length === 0 || sinks.some((sink) => isAlike(sink, identity));
}

/** Whether type, name and address match, whatever the filters. */
function isAlike(sink: SinkOptions, { type, target, scope }: SinkIdentity): boolean {
  return sink.type === type && sink.name === inScope(scope, 'name') && (sink.target === undefined || sameTarget(sink.target, target));
}

/** `TYPE`, `TYPE=URL`, or `TYPE=URL (BOUNDS)` for one of several at an address; the URL whole, or as messages show it. */
function isNamed({ type, target, scope }: SinkIdentity, from: string): boolean {
  const open = from.endsWith(')') ? from.indexOf(' (') : -1;
  const [address, bounds] = open === -1 ? [from, scope] : [from.slice(0, open), from.slice(open + 2, -1)];
  const at = address.indexOf('=');
  if (at === -1) return address === type && bounds === scope;
  return address.slice(0, at) === type && bounds === scope && sameTarget(address.slice(at + 1), target);
}

/** The destination has moved: what waits for the old one is sent to that of `--to`, of the same type. */
async function movedTo({ log }: CommandContext, { sinks }: Settings, waiting: readonly WaitingSink[]): Promise<Sink> {
  const [to, ...more] = sinks;
  const other = waiting.find(({ identity }) => identity.type !== to?.type);
  if (to === undefined || more.length > 0 || other !== undefined)
    throw new PortlogError('usage', `--from needs one --to ${(other ?? waiting[0])?.identity.type}=URL, to which its events can go`, {
      hint: 'what was made for one kind of destination cannot be sent to another; ship the scan to that one',
    });
  refuseSeveral(waiting);
  return createSink(to, (sentence) => log.info(sentence));
}

/** Refuses two destinations at one address with different filters: events that match both would be sent twice. */
function refuseSeveral(waiting: readonly WaitingSink[]): void {
  const [first, second] = waiting;
  if (first === undefined || second === undefined) return;
  const { type, target } = first.identity;
  const places = waiting.map(
    ({ identity }) => `${identity.type}=${shownTarget(identity.target)}${identity.scope === '' ? '' : ` (${identity.scope})`}`,
  );
  throw new PortlogError('usage', `events wait for ${waiting.length} destinations of --from ${type}=${shownTarget(target)}: one at a time`, {
    hint: `name one of: ${places.map((place) => `--from ${quotedWord(place)}`).join(', ')}`,
  });
}

/** Takes the lease of the spool, so that no other process sends from it meanwhile; throws when one does. */
function takeLease({ identity: { type, target }, tables }: WaitingSink): void {
  if (tables.lease.take(systemClock.elapsed)) return;
  throw new PortlogError('state-unusable', `another portlog is sending what waits for ${type} ${shownTarget(target)}`, {
    hint: 'wait until it has ended',
  });
}

function sameTarget(given: string, target: string): boolean {
  // A cluster is identified by its first member.
  const [first = given] = given.split(',');
  const url = URL.parse(first);
  return (
    first === shownTarget(target) ||
    first.replace(/\/$/, '') === target ||
    (url !== null && addressOf(url) === target) ||
    url?.href.replace(/\/$/, '') === target
  );
}

/** The sink that events were spooled for, with current credentials. Of several at one address, the one with the same scope. */
async function sinkOf({ env, log }: CommandContext, settings: Settings, identity: SinkIdentity): Promise<Sink> {
  const { type, target, scope } = identity;
  const notify = (sentence: string): void => log.info(sentence);
  const alike = settings.sinks.filter((sink) => sink.target !== undefined && isAlike(sink, identity));
  for (const options of alike) {
    const sink = await createSink(options, notify);
    if (sinkKey(sink.identity) === sinkKey(identity)) return sink;
    await sink.close();
  }
  const [configured] = alike;
  if (configured === undefined && inScope(scope, 'name') !== undefined) throw noSuchSink(identity);
  const options: SinkOptions = configured ?? (await sinkOptions({ type, url: target }, settings.connection, settings.event.namespace, env));
  const there = {
    ...options,
    target: configured?.target ?? target,
    namespace: inScope(scope, 'namespace') ?? options.namespace,
    tenant: inScope(scope, 'tenant') ?? ('tenant' in options ? options.tenant : undefined),
  } as SinkOptions;
  return { ...(await createSink(there, notify)), identity };
}

/** The error when a destination is not configured. A named one has its own headers or credentials, so it cannot be used without its configuration. */
function noSuchSink({ type, target, scope }: SinkIdentity): PortlogError {
  const place = `${type}=${shownTarget(target)}${scope === '' ? '' : ` (${scope})`}`;
  return new PortlogError('sink-options', `events wait for ${shownIdentity({ type, target, scope })}, and the configuration has no such sink`, {
    hint: `enter it as it was; or send them to another one: portlog replay --from ${quotedWord(place)} --to NAME; or delete them: portlog replay --purge --from ${quotedWord(place)}`,
  });
}

async function purge(context: CommandContext, store: Store, waiting: readonly WaitingSink[]): Promise<ExitCode> {
  const { values, log } = context;
  const dead = values['dead'] === true;
  const events = waiting.reduce((sum, { tables }) => sum + (dead ? tables.deadLetters.count() : tables.spool.usage().events), 0);
  const what = dead ? counted(events, 'dead letter') : `${counted(events, 'event')} that ${events === 1 ? 'waits' : 'wait'}`;
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
