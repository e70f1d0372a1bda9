import type { Writable } from 'node:stream';
import type { Fields, LogEvent } from '../../event/event.ts';
import { digest } from '../../event/id.ts';
import { Recent } from '../../event/recent.ts';
import { shownService } from '../../event/service-name.ts';
import { clipCharacters } from '../../event/shorten.ts';
import { fieldAt, textAt } from '../../event/text-at.ts';
import { printable } from '../../event/text.ts';
import { encoded } from '../transport/body.ts';
import { stdoutSink } from './stdout.ts';
import type { Sink } from '../sink.ts';

const COLUMNS = [12, 14, 18] as const;
const MAX_BANNER = 60;

/** For people: a heading per host, a row per port, a line per run. Never a control character from a scan. */
export function tableSink(stream: Writable, colour: boolean): Sink {
  let hostShown: string | undefined;
  const headed = new Recent();
  const rows: Sink = stdoutSink(stream, 'ecs');

  return {
    ...rows,
    name: 'table',
    encode(event) {
      return encoded([render(event)]);
    },
  };

  function render(event: LogEvent): string {
    if (event.dataset === 'nmap.host') return heading(event);
    if (event.dataset === 'nmap.finding') return weakness(event);
    if (event.dataset !== 'nmap.port') return `\n${bold(event.message)}\n`;
    const host = cell(event.own, 'server', 'address');
    if (host === hostShown) return row(event);
    // masscan comes back to a host as often as it answers: one heading, and then the address in front.
    return headed.add(digest([host])) ? headingOf(host, host) + row(event) : row(event, host);
  }

  function heading(event: LogEvent): string {
    const ips = (event.shared.fields['host'] as Fields | undefined)?.['ip'];
    return headingOf(Array.isArray(ips) ? String(ips[0]) : (event.message.split(' ', 1)[0] ?? ''), event.message) + machine(event);
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

  function headingOf(host: string, line: string): string {
    hostShown = host;
    return `\n${bold(printable(line))}\n`;
  }

  function weakness({ own, message }: LogEvent): string {
    const host = cell(own, 'server', 'address');
    const line = host !== '' && host === hostShown && message.startsWith(host) ? message.slice(host.length).replace(/^:? /, '') : message;
    return `  ! ${line}\n`;
  }

  function row({ own }: LogEvent, host?: string): string {
    const service = [cell(own, 'nmap', 'service', 'product'), cell(own, 'nmap', 'service', 'version')].filter((word) => word !== '');
    if (service.length === 0) service.push(clipCharacters(cell(own, 'nmap', 'service', 'banner'), MAX_BANNER));
    const port = `${cell(own, 'nmap', 'port', 'id')}/${cell(own, 'network', 'transport')}`;
    const state = cell(own, 'nmap', 'port', 'state');
    const cells = [port, state, shownService(cell(own, 'nmap', 'service', 'name'), cell(own, 'nmap', 'service', 'tunnel'))].map((cell, i) =>
      printable(cell).padEnd(COLUMNS[i] ?? 0),
    );
    const where = host === undefined ? '' : `${printable(host)} `;
    return `  ${where}${state === 'open' ? green(cells.join(' ')) : cells.join(' ')} ${printable(service.join(' '))}`.trimEnd() + '\n';
  }

  function bold(line: string): string {
    return colour ? `\u001B[1m${line}\u001B[22m` : line;
  }

  function green(line: string): string {
    return colour ? `\u001B[32m${line}\u001B[39m` : line;
  }
}

function listAt(own: Fields, ...path: readonly string[]): readonly Fields[] {
  const list = fieldAt(own, path);
  return Array.isArray(list) ? (list as readonly Fields[]) : [];
}

function cell(own: Fields, ...path: readonly string[]): string {
  return textAt(own, ...path) ?? '';
}
