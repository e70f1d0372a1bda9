import { readHost, readHostHint } from './host.ts';
import { interruptedText, type ScanItem } from './item.ts';
import { READ_WHOLE } from './long-hosts.ts';
import { Malformed } from './malformed.ts';
import type { Host, RunStats } from './model.ts';
import { readAllScripts, readOutput, readRunStats, readTarget, readTask } from './once.ts';
import type { Reader } from './reader.ts';
import { sizeText } from './refused.ts';

/** What an element says: an item, or the runstats, which become part of the run's `end`. */
export type Element = ScanItem | { readonly kind: 'runstats'; readonly stats: RunStats };

/** Reads the element at [start, end) of the reader's text; undefined when it has no meaning here. Throws {@link Malformed}. */
export function readElement(reader: Reader, name: string, start: number, end: number): Element | undefined {
  if (name === 'host') return { kind: 'host', host: named(readHost(reader, start, end), end) };
  if (name === 'hosthint') return { kind: 'hosthint', hint: readHostHint(reader, start, end) };
  reader.enter(start, end);
  switch (name) {
    case 'target':
      return { kind: 'target', target: readTarget(reader) };
    case 'taskbegin':
    case 'taskprogress':
    case 'taskend':
      return { kind: 'task', task: readTask(reader) };
    case 'prescript':
    case 'postscript':
      return { kind: name, scripts: readAllScripts(reader) };
    case 'output':
      return { kind: 'output', ...readOutput(reader) };
    case 'runstats':
      return { kind: 'runstats', stats: readRunStats(reader) };
    default:
      return undefined;
  }
}

/** Notes in a host that nmap had written its progress into it `count` times. */
export function interruptedHost(host: Host, count: number): Host {
  return Object.assign(host, { malformed: [...host.malformed, interruptedText('host', count)] });
}

const SHORTENED = `host: more than ${sizeText(READ_WHOLE)}, scripts and the ends of long words about services are left out behind that`;

/** Notes in a host that a part of it was left out. */
export function shortenedHost(host: Host): Host {
  return Object.assign(host, { isShortened: true, malformed: [...host.malformed, SHORTENED] });
}

/** A host without an address or name cannot be identified. */
function named(host: Host, end: number): Host {
  if (host.addresses.length === 0 && host.hostnames.length === 0) throw new Malformed('it has neither an address nor a name', end);
  return host;
}
