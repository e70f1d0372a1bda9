import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { decodeEntities } from './entities.ts';
import type { Run, RunStats, ScanInfo, Script, ScriptItem, Target, Task } from './model.ts';
import { decimal, integer } from './numbers.ts';
import { Malformed } from './tokens.ts';

/**
 * The elements that occur once in a document (header, footer, pre- and postscript, Zenmap's output),
 * read by fast-xml-parser. Its defaults do not fit nmap: it coerces numbers, trims text, folds
 * lists of one, and its entity decoding drops control characters, so all of that is off and
 * entities are ours. It also accepts mismatched tags; its validator is asked first.
 */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
});

/** An element with its attributes decoded. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

type Node = Readonly<Record<string, unknown>>;

/** Reads one element. Throws {@link Malformed}, with positions relative to `text`. */
export function readElement(text: string): Element {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new Malformed(valid.err.msg, 0);
  let nodes: readonly Node[];
  try {
    nodes = parser.parse(text) as readonly Node[];
  } catch (error) {
    throw new Malformed((error as Error).message, 0);
  }
  const root = nodes.map(toElement).find((element) => element !== undefined);
  if (root === undefined) throw new Malformed('no element', 0);
  return root;
}

/** `nmaprun` (its start tag) and what precedes the first host. */
export function toRun(start: Element, head: readonly Element[]): Run {
  const { attributes } = start;
  return {
    scanner: attributes['scanner'],
    version: attributes['version'],
    xmloutputversion: attributes['xmloutputversion'],
    args: attributes['args'],
    start: integer(attributes['start']),
    startstr: attributes['startstr'],
    profileName: attributes['profile_name'],
    scaninfo: head.filter((element) => element.name === 'scaninfo').map(toScanInfo),
    verbose: level(head, 'verbose'),
    debugging: level(head, 'debugging'),
  };
}

export function toRunStats(element: Element): RunStats {
  const finished = child(element, 'finished')?.attributes;
  const hosts = child(element, 'hosts')?.attributes;
  return {
    finished: finished && {
      time: integer(finished['time']),
      timestr: finished['timestr'],
      elapsed: decimal(finished['elapsed']),
      summary: finished['summary'],
      exit: finished['exit'],
      errormsg: finished['errormsg'],
    },
    hosts: hosts && { up: integer(hosts['up']), down: integer(hosts['down']), total: integer(hosts['total']) },
  };
}

export function toTarget({ attributes }: Element): Target {
  return { specification: attributes['specification'], status: attributes['status'], reason: attributes['reason'] };
}

export function toTask({ name, attributes }: Element): Task {
  return {
    kind: name as Task['kind'],
    task: attributes['task'],
    time: integer(attributes['time']),
    extrainfo: attributes['extrainfo'],
    percent: decimal(attributes['percent']),
    remaining: integer(attributes['remaining']),
    etc: integer(attributes['etc']),
  };
}

export function toScripts(element: Element): readonly Script[] {
  return element.children.filter(({ name }) => name === 'script').map(toScript);
}

function toScript({ attributes, children }: Element): Script {
  return { id: attributes['id'], output: attributes['output'], items: toItems(children) };
}

function toItems(children: readonly Element[]): readonly ScriptItem[] {
  const items: ScriptItem[] = [];
  for (const { name, attributes, children: nested, text } of children) {
    if (name === 'elem') items.push({ key: attributes['key'], value: text });
    else if (name === 'table') items.push({ key: attributes['key'], items: toItems(nested) });
  }
  return items;
}

function toScanInfo({ attributes }: Element): ScanInfo {
  return {
    type: attributes['type'],
    protocol: attributes['protocol'],
    numservices: integer(attributes['numservices']),
    services: attributes['services'],
    scanflags: attributes['scanflags'],
  };
}

function level(head: readonly Element[], name: string): number | undefined {
  return integer(head.find((element) => element.name === name)?.attributes['level']);
}

function child(element: Element, name: string): Element | undefined {
  return element.children.find((candidate) => candidate.name === name);
}

/** fast-xml-parser's ordered form: `{ name: [children], ':@': { attributes } }`, text as `#text`. */
function toElement(node: Node): Element | undefined {
  const name = Object.keys(node).find((key) => key !== ':@');
  if (name === undefined || name === '#text' || name.startsWith('?')) return undefined;
  const nodes = node[name] as readonly Node[];
  const text = nodes.map((inner) => (typeof inner['#text'] === 'string' ? decode(inner['#text']) : '')).join('');
  const attributes: Record<string, string> = {};
  for (const [key, value] of Object.entries((node[':@'] ?? {}) as Record<string, string>)) attributes[key] = decode(value);
  return { name, attributes, text, children: nodes.map(toElement).filter((element) => element !== undefined) };
}

function decode(value: string): string {
  const decoded = decodeEntities(value);
  if (decoded === undefined) throw new Malformed('"&" that starts no known entity', 0);
  return decoded;
}
