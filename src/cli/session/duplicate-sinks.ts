import { PortlogError } from '../../core/errors.ts';
import { statOf } from '../../core/stat-of.ts';
import type { Sink, SinkIdentity } from '../../sink/sink.ts';
import { sinkKey } from '../../state/seen-files.ts';

/**
 * Refuses two sinks that the state file cannot distinguish: each would send what waits for the other, and an event sent to one would count as
 * sent to both.
 */
export function duplicateSinkProblem(sinks: readonly Pick<Sink, 'name' | 'identity' | 'undeliverable'>[]): PortlogError | undefined {
  const seen = new Set<string>();
  const duplicate = sinks.find(({ identity, undeliverable }) => {
    const key = placeOf(identity);
    // Standard output keeps nothing, so it may be used several times.
    if (undeliverable !== 'keep' || !seen.has(key)) return void seen.add(key);
    return true;
  });
  if (duplicate === undefined) return undefined;
  return new PortlogError('sink-options', `${duplicate.name} is named twice: portlog could not distinguish what each of them has got`, {
    hint: hintFor(duplicate.identity),
  });
}

function hintFor(identity: SinkIdentity): string {
  if (identity.type === 'alertmanager') return 'configure it once: the routes of Alertmanager decide who is notified of what';
  if (isFile(identity)) return 'configure it once: a file is one destination, whatever is written to it';
  return 'configure it once; or, if they differ in headers or credentials, give one of them a name in the configuration file (name: customer-a); or give them different datasets or filters (only)';
}

/** A file is one destination, whatever its name and content: two sinks would also rotate it twice. */
function placeOf(identity: SinkIdentity): string {
  const { target } = identity;
  if (!isFile(identity)) return sinkKey(identity);
  const stats = statOf(target);
  return stats?.isFile() === true ? `file ${stats.dev} ${stats.ino}` : `file ${target}`;
}

function isFile({ type, target }: SinkIdentity): boolean {
  return type === 'file' || (type === 'wazuh' && target.startsWith('/'));
}
