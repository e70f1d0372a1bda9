import type { Port } from '../nmap/model.ts';
import type { RiskyService } from './risky-service.ts';
import { isError } from './script.ts';

/** First words of the names of scripts that speak a rule's protocol. By default it is the rule's own name: `snmp-sysdescr`, `ftp-anon`. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  db2: ['db2', 'drda'],
  ethernetip: ['enip'],
  fins: ['omrontcp', 'omronudp'],
  jmx: ['rmi', 'jdwp'],
  mssql: ['ms'],
  niagara: ['fox'],
  portmapper: ['rpcinfo'],
  printing: ['cups'],
  rabbitmq: ['amqp', 'epmd'],
  vnc: ['vnc', 'realvnc'],
};

/** Scripts that write output even when nothing answered. */
const SAYS_ANYWAY = /-brute$|-vuln/;

/**
 * Whether a script that speaks the protocol of a service got an answer from a port. Then the service is not just guessed from the port number,
 * even if version detection was not used (`-sC` alone) or did not recognise it.
 */
export function answersScripts(service: RiskyService | undefined, { scripts }: Port): service is RiskyService {
  if (service === undefined) return false;
  const rule = service.id.replace('nmap-service-', '');
  const words = WORDS[rule] ?? [rule];
  return scripts.some(
    (script) =>
      words.includes(script.id?.split('-')[0] ?? '') && !SAYS_ANYWAY.test(script.id ?? '') && (script.output ?? '').trim() !== '' && !isError(script),
  );
}
