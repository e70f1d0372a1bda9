import type { Writable } from 'node:stream';
import type { Fields, LogEvent } from '../../event/event.ts';
import { RecentSet } from '../../event/recent.ts';
import { shownService } from '../../event/service-name.ts';
import { clipCharacters } from '../../event/shorten.ts';
import { fieldAt, textAt } from '../../event/text-at.ts';
import { printable } from '../../event/text.ts';
import { stdoutSink, write } from './stdout.ts';
import { allDelivered } from '../outcome.ts';
import type { Encoded, Sink } from '../sink.ts';
import { encoded } from '../transport/body.ts';

const COLUMNS = [12, 14, 18] as const;
const MAX_BANNER = 60;

/** For people: a heading per host, a row per port, a line per run. Never a control character from a scan. */
export function tableSink(stream: Writable, colour: boolean): Sink {
  const page = new Page(colour);
  return {
    ...stdoutSink(stream, 'ecs'),
    // A line depends on those before it, so threads cannot render it.
    lines: undefined,
    name: 'table',
    encode: (event) => encoded(rowOf(event, colour)),
    async send(batch) {
      await write(stream, batch.entries.map((entry) => page.add(entry)).join(''));
      return allDelivered(batch);
    },
    async close() {},
  };
}

/** Remembers which hosts have a heading. */
class Page {
  private host: string | undefined;
  private readonly withHeading = new RecentSet();
  private readonly colour: boolean;

  constructor(colour: boolean) {
    this.colour = colour;
  }

  add({ parts }: Pick<Encoded, 'parts'>): string {
    const [kind, host, text, more] = parts as Row;
    switch (kind) {
      case 'host':
        this.host = host;
        return `\n${text}\n${more}`;
      case 'finding':
        return `  ! ${this.isUnder(host) ? more : text}\n`;
      case 'port':
        return this.port(host, text, more);
      case 'line':
        return `\n${text}\n`;
    }
  }

  private port(host: string, row: string, address: string): string {
    if (this.isUnder(host)) return `  ${row}\n`;
    // masscan lists a host for each answer: it gets one heading, and later rows contain the address.
    if (!this.withHeading.add(host)) return `  ${address} ${row}\n`;
    this.host = host;
    return `\n${bold(address, this.colour)}\n  ${row}\n`;
  }

  private isUnder(host: string): boolean {
    return host !== '' && host === this.host;
  }
}

/**
 * A row of the table: its kind, its host, its text, and more, which depends on the kind. `host`: the kind of machine; `port`: the address, for
 * a heading; `finding`: a shorter text for below the heading of its host.
 */
type Row = readonly [kind: 'host' | 'port' | 'finding' | 'line', host: string, text: string, more: string];

function bold(line: string, colour: boolean): string {
  return colour ? `\u001B[1m${line}\u001B[22m` : line;
}

function rowOf(event: LogEvent, colour: boolean): Row {
  const { dataset, message, own } = event;
  const host = hostOf(own);
  switch (dataset) {
    case 'nmap.host':
      return ['host', host, bold(printable(message), colour), machine(event)];
    case 'nmap.finding':
      return ['finding', host, message, printable(weakness(own))];
    case 'nmap.port':
      return ['port', host, portRow(own, colour), printable(cell(own, 'server', 'address'))];
    default:
      return ['line', '', bold(message, colour), ''];
  }
}

/** Identifies the host of an event: the ids of its ports and weaknesses begin with its own (docs/decisions/0004-identity.md). */
function hostOf(own: Fields): string {
  return cell(own, 'nmap', 'entity', 'id').split('.', 1)[0] as string;
}

/** `443/tcp: Self-signed certificate [low]`; without the port for a weakness of the host itself. */
function weakness(own: Fields): string {
  const port = fieldAt(own, ['server', 'port']);
  const title = `${cell(own, 'nmap', 'finding', 'title')} [${cell(own, 'nmap', 'finding', 'level')}]`;
  return typeof port === 'number' ? `${port}/${cell(own, 'network', 'transport')}: ${title}` : title;
}

/** The kind of machine: operating system, and hardware with its vendor. */
function machine({ shared, own }: LogEvent): string {
  const system = textAt(shared.fields, 'host', 'os', 'full') ?? textAt(shared.fields, 'host', 'os', 'name');
  const [best] = listAt(own, 'nmap', 'os', 'match');
  const accuracy = best?.['accuracy'];
  const lines = [
    ...(system === undefined ? [] : [`OS: ${system}${typeof accuracy === 'number' ? ` (${accuracy} %)` : ''}`]),
    ...listAt(own, 'nmap', 'host', 'addresses')
      .filter(({ addrtype }) => addrtype === 'mac')
      .map((address) => `MAC: ${cell(address, 'addr')}${cell(address, 'vendor') === '' ? '' : ` (${cell(address, 'vendor')})`}`),
  ];
  return lines.map((line) => `  ${printable(line)}\n`).join('');
}

function portRow(own: Fields, colour: boolean): string {
  const service = [cell(own, 'nmap', 'service', 'product'), cell(own, 'nmap', 'service', 'version')].filter((word) => word !== '');
  if (service.length === 0) service.push(clipCharacters(cell(own, 'nmap', 'service', 'banner'), MAX_BANNER));
  const port = `${cell(own, 'nmap', 'port', 'id')}/${cell(own, 'network', 'transport')}`;
  const state = cell(own, 'nmap', 'port', 'state');
  const cells = [port, state, shownService(cell(own, 'nmap', 'service', 'name'), cell(own, 'nmap', 'service', 'tunnel'))]
    .map((text, i) => printable(text).padEnd(COLUMNS[i] ?? 0))
    .join(' ');
  return `${state === 'open' && colour ? `\u001B[32m${cells}\u001B[39m` : cells} ${printable(service.join(' '))}`.trimEnd();
}

function listAt(own: Fields, ...path: readonly string[]): readonly Fields[] {
  const list = fieldAt(own, path);
  return Array.isArray(list) ? (list as readonly Fields[]) : [];
}

function cell(own: Fields, ...path: readonly string[]): string {
  return textAt(own, ...path) ?? '';
}
