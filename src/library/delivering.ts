import type { Writable } from 'node:stream';
import type { LineFormat } from '../event/lines.ts';
import { ship as shipAll, type ShipOptions, type ShipReport } from '../pipeline/ship.ts';
import type { Sink } from '../sink/sink.ts';
import { stdoutSink as linesTo } from '../sink/stdout/stdout.ts';
import { fileSource as fileAt } from '../source/file.ts';
import type { Source } from '../source/source.ts';
import { openStore as openStoreIn } from '../state/open-store.ts';
import type { SpoolLimits } from '../state/spool-limits.ts';
import type { Store } from '../state/store.ts';
import { expectKind, expectOptions, type Kind } from './given.ts';
import { CLOCK, FLAG, FUNCTION, MAP, MILLISECONDS, OBJECT, oneOfWords, SIGNAL, SINK_LIST, SOURCES, STORE, STREAM, TEXT, WHOLE } from './kinds.ts';
import { CHANGE_OPTIONS, EVENT_OPTIONS, FINDING_OPTIONS } from './options.ts';

const SHIP_OPTIONS: Readonly<Record<keyof ShipOptions, Kind>> = {
  sources: SOURCES,
  sinks: SINK_LIST,
  event: OBJECT,
  store: STORE,
  changes: OBJECT,
  findings: OBJECT,
  maxAges: MAP,
  retryForMs: MILLISECONDS,
  retryDeadLetters: FLAG,
  again: FLAG,
  clock: CLOCK,
  stop: SIGNAL,
  giveUp: SIGNAL,
  onProgress: FUNCTION,
  onWaiting: FUNCTION,
};

/**
 * Reads scans from `sources`, one after the other, and ships their events to all `sinks`. Resolves when every event has its fate. Rejects with
 * `usage` for options of another kind, before anything is read.
 */
export async function ship(options: ShipOptions): Promise<ShipReport> {
  expectOptions('ship', options, SHIP_OPTIONS);
  for (const name of ['sources', 'sinks'] as const) expectKind(`ship: ${name}`, options[name], SHIP_OPTIONS[name]);
  expectOptions('ship: event', options.event ?? {}, EVENT_OPTIONS);
  expectOptions('ship: findings', options.findings ?? {}, FINDING_OPTIONS);
  expectOptions('ship: changes', options.changes ?? {}, CHANGE_OPTIONS);
  return shipAll(options);
}

const SPOOL_LIMITS: Readonly<Record<keyof SpoolLimits, Kind>> = {
  maxBytes: WHOLE,
  maxAgeMs: MILLISECONDS,
  whenFull: oneOfWords('block', 'drop-oldest'),
};

/**
 * Opens the state file for this process. `what`: what the run does, for the report if it is killed. Throws `state-unusable`, and `usage` for an
 * argument of another kind.
 */
export function openStore(stateDir: string, what: string, limits?: SpoolLimits): Store {
  expectKind('openStore: stateDir', stateDir, TEXT);
  expectKind('openStore: what', what, TEXT);
  if (limits === undefined) return openStoreIn(stateDir, what);
  expectOptions('openStore: limits', limits, SPOOL_LIMITS);
  for (const [name, kind] of Object.entries(SPOOL_LIMITS)) expectKind(`openStore: limits.${name}`, limits[name as keyof SpoolLimits], kind);
  return openStoreIn(stateDir, what, limits);
}

/** One line of JSON per event, in order, to a stream that somebody reads, or stops reading. Throws `usage` for an argument of another kind. */
export function stdoutSink(stream: Writable, format: LineFormat): Sink {
  expectKind('stdoutSink: stream', stream, STREAM);
  expectKind('stdoutSink: format', format, oneOfWords('ecs', 'otel'));
  return linesTo(stream, format);
}

/**
 * A file, plain or gzip, read at the pace of the slowest sink; or a named pipe, which cannot wait. Opened when it is read. Throws `usage` for what
 * is no path.
 */
export function fileSource(path: string): Source {
  expectKind('fileSource: path', path, TEXT);
  return fileAt(path);
}
