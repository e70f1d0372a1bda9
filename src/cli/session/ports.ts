import { PortlogError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { PortSet } from '../../nmap/port-set.ts';

/** What `--port` names; undefined: everything. */
export interface PortChoice {
  readonly numbers: PortSet | undefined;
  readonly transport: string | undefined;
}

const TRANSPORTS = ['tcp', 'udp', 'sctp', 'ip'];
const MAX_PORT = 65_535;

/** `22,8000-8100`, `53/udp` or `/udp`. Throws `usage`. */
export function portsOf(given: string | undefined): PortChoice {
  if (given === undefined) return { numbers: undefined, transport: undefined };
  const [, numbers = '', transport] = /^([^/]*)(?:\/(.*))?$/s.exec(given) ?? [];
  if (transport !== undefined && !TRANSPORTS.includes(transport)) throw noTransport(given, transport);
  if (numbers === '' && transport !== undefined) return { numbers: undefined, transport };
  for (const part of numbers.split(',')) checkRange(given, part);
  return { numbers: PortSet.of(numbers), transport };
}

function checkRange(given: string, part: string): void {
  const [, first, last = first] = /^ *(\d+)(?:-(\d+))? *$/.exec(part) ?? [];
  if (first === undefined) throw refused(given, 'write numbers and ranges');
  if (Number(first) > MAX_PORT || Number(last) > MAX_PORT) throw refused(given, `ports go up to ${MAX_PORT}`);
  if (Number(last) < Number(first)) throw refused(given, `${part.trim()} ends before it begins`);
}

function noTransport(given: string, transport: string): PortlogError {
  const guess = nearest(transport, TRANSPORTS);
  return refused(
    given,
    `there is no protocol "${transport}"`,
    guess === undefined ? `there are: ${TRANSPORTS.join(', ')}` : `did you mean ${guess}?`,
  );
}

function refused(given: string, why: string, hint = '22,8000-8100 or 53/udp'): PortlogError {
  return new PortlogError('usage', `--port "${given}": ${why}`, { hint });
}
