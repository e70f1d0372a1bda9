import { sinkOptions } from '../../config/connection.ts';
import type { Settings } from '../../config/settings.ts';
import { PortlogError } from '../../core/errors.ts';
import { quotedWord } from '../../core/shell-word.ts';
import { addressOf, inScope } from '../../sink/address.ts';
import type { SinkOptions } from '../../sink/kinds.ts';
import { createSink } from '../../sink/registry.ts';
import { shownIdentity, shownScope, shownTarget } from '../../sink/shown.ts';
import type { Sink, SinkIdentity } from '../../sink/sink.ts';
import { sinkKey } from '../../state/seen-files.ts';
import type { WaitingSink } from '../../state/store.ts';
import type { CommandContext } from './context.ts';

/** The destinations of `--from`, or those of the configuration, for which something waits. */
export function chosenOf(waiting: readonly WaitingSink[], settings: Settings, from: string | undefined): readonly WaitingSink[] {
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
  const isBounded = shownScope(bounds) === shownScope(scope);
  if (at === -1) return address === type && isBounded;
  return address.slice(0, at) === type && isBounded && sameTarget(address.slice(at + 1), target);
}

/** The destination has moved: what waits for the old one is sent to that of `--to`, of the same type. */
export async function movedTo({ log }: CommandContext, { sinks }: Settings, waiting: readonly WaitingSink[]): Promise<Sink> {
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
    ({ identity }) => `${identity.type}=${shownTarget(identity.target)}${identity.scope === '' ? '' : ` (${shownScope(identity.scope)})`}`,
  );
  throw new PortlogError('usage', `events wait for ${waiting.length} destinations of --from ${type}=${shownTarget(target)}: one at a time`, {
    hint: `name one of: ${places.map((place) => `--from ${quotedWord(place)}`).join(', ')}`,
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
export async function sinkOf({ env, log }: CommandContext, settings: Settings, identity: SinkIdentity): Promise<Sink> {
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
  const place = `${type}=${shownTarget(target)}${scope === '' ? '' : ` (${shownScope(scope)})`}`;
  return new PortlogError('sink-options', `events wait for ${shownIdentity({ type, target, scope })}, and the configuration has no such sink`, {
    hint: `enter it as it was; or send them to another one: portlog replay --from ${quotedWord(place)} --to NAME; or delete them: portlog replay --purge --from ${quotedWord(place)}`,
  });
}
