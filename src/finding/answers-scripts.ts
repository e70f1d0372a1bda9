import type { Port } from '../nmap/model.ts';
import type { RiskyService } from './risky-service.ts';
import { isError } from './script.ts';

/** First words of scripts that speak the protocol, by rule; without one it is the rule's own: `snmp-sysdescr`, `ftp-anon`. */
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

/** These say something where nothing has answered, too. */
const SAYS_ANYWAY = /-brute$|-vuln/;

/**
 * Whether a script that speaks the protocol of a service had an answer at a port: then the service is no guess from the number, though version detection
 * was not asked (`-sC` alone), or did not recognise it.
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
