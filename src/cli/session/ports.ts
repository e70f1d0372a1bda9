import { PortlogError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { PortSet, whyNoPorts } from '../../nmap/port-set.ts';

/** The ports of `--port`; undefined: everything. */
export interface PortChoice {
  readonly numbers: PortSet | undefined;
  readonly transport: string | undefined;
}

const TRANSPORTS = ['tcp', 'udp', 'sctp', 'ip'];

/** `22,8000-8100`, `53/udp` or `/udp`. Throws `usage`. */
export function portsOf(given: string | undefined): PortChoice {
  if (given === undefined) return { numbers: undefined, transport: undefined };
  const [, numbers = '', transport] = /^([^/]*)(?:\/(.*))?$/s.exec(given) ?? [];
  if (transport !== undefined && !TRANSPORTS.includes(transport)) throw noTransport(given, transport);
  if (numbers === '' && transport !== undefined) return { numbers: undefined, transport };
  const why = whyNoPorts(numbers);
  if (why !== undefined) throw refused(given, why);
  return { numbers: PortSet.of(numbers), transport };
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
