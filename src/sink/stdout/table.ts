import type { Writable } from 'node:stream';
import type { Fields, LogEvent } from '../../event/event.ts';
import { digest } from '../../event/id.ts';
import { RecentSet } from '../../event/recent.ts';
import { shownService } from '../../event/service-name.ts';
import { clipCharacters } from '../../event/shorten.ts';
import { fieldAt, textAt } from '../../event/text-at.ts';
import { printable } from '../../event/text.ts';
import { stdoutSink, write } from './stdout.ts';
import type { Encoded, Sink } from '../sink.ts';
import { encoded } from '../transport/body.ts';

const COLUMNS = [12, 14, 18] as const;
const MAX_BANNER = 60;

/** For people: a heading per host, a row per port, a line per run. Never a control character from a scan. */
export function tableSink(stream: Writable, colour: boolean): Sink {
  const page = new Page();
  return {
    ...stdoutSink(stream, 'ecs'),
    // What a line looks like depends on those before it.
    lines: undefined,
    name: 'table',
    encode: (event) => encoded(rowOf(event, colour)),
    async send({ entries }) {
      await write(stream, entries.map((entry) => page.add(entry)).join(''));
      return { delivered: entries.length, already: 0, retry: [], rejected: [] };
    },
    async close() {},
  };
}

/** What is on the page so far decides whether a row needs a heading. */
class Page {
  private host: string | undefined;
  private readonly headed = new RecentSet();

  add({ parts }: Pick<Encoded, 'parts'>): string {
    const [kind, host, text, more] = parts as Row;
    switch (kind) {
      case 'host':
        this.host = host;
        return `\n${text}\n${more}`;
      case 'finding':
        return `  ! ${this.isUnder(host) && more !== '' ? more : text}\n`;
      case 'port':
        return this.port(host, text, more);
      case 'line':
        return `\n${text}\n`;
    }
  }

  private port(host: string, row: string, heading: string): string {
    if (this.isUnder(host)) return `  ${row}\n`;
    // masscan comes back to a host as often as it answers: one heading, and then the address in front.
    if (!this.headed.add(digest([host]))) return `  ${printable(host)} ${row}\n`;
    this.host = host;
    return `\n${heading}\n  ${row}\n`;
  }

  private isUnder(host: string): boolean {
    return host !== '' && host === this.host;
  }
}

/**
 * An event as it stands on the page: of a host its line, and what kind of machine it is; of a port its row, and the heading if it needs
 * one; of a weakness its message, and that without the address; of all else its message.
 */
type Row = readonly [kind: 'host' | 'port' | 'finding' | 'line', host: string, text: string, more: string];

function rowOf(event: LogEvent, colour: boolean): Row {
  const { dataset, message, own, shared } = event;
  const bold = (line: string): string => (colour ? `\u001B[1m${line}\u001B[22m` : line);
  const address = cell(own, 'server', 'address');
  switch (dataset) {
    case 'nmap.host': {
      const ips = (shared.fields['host'] as Fields | undefined)?.['ip'];
      const host = Array.isArray(ips) ? String(ips[0]) : (message.split(' ', 1)[0] ?? '');
      return ['host', host, bold(printable(message)), machine(event)];
    }
    case 'nmap.finding':
      return ['finding', address, message, address !== '' && message.startsWith(address) ? message.slice(address.length).replace(/^:? /, '') : ''];
    case 'nmap.port':
      return ['port', address, portRow(own, colour), bold(printable(address))];
    default:
      return ['line', '', bold(message), ''];
  }
}

/** What kind of machine it is: system, and hardware with its maker. */
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
