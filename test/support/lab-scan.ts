import { FOOTER, NOBODY_UP } from './scans.ts';

export const DAY = 86_400;
export const START = 1_760_000_000;

interface Scanned {
  readonly day: number;
  readonly args?: string;
  readonly services?: string;
  readonly verbose?: boolean;
  readonly inside: string;
  /** Left out: killed before it ended. */
  readonly whole?: boolean;
}

/** A scan of a day. Hosts are written by {@link up} and {@link down}, which know that day. */
export function scanOf({
  day,
  services = '22,80,443',
  args = `nmap -sV -p ${services} 192.0.2.0/29`,
  verbose = false,
  inside,
  whole = true,
}: Scanned): string {
  const head = `<?xml version="1.0"?>\n<nmaprun scanner="nmap" version="7.93" args="${args}" start="${START + day * DAY}">\n<scaninfo type="syn" protocol="tcp" numservices="3" services="${services}"/>\n<verbose level="${verbose ? 1 : 0}"/>\n`;
  return `${head}${inside.replaceAll('DAY', String(START + day * DAY + 5))}${whole ? `${(inside.includes('state="up"') ? FOOTER : NOBODY_UP).replace(/time="\d+"/, `time="${START + day * DAY + 60}"`)}</nmaprun>\n` : ''}`;
}

export const CLOSED = '<extraports state="closed" count="3"><extrareasons reason="resets" count="3"/></extraports>';

export function up(octet: number, ports = CLOSED, more = ''): string {
  return `<host starttime="DAY" endtime="DAY"><status state="up" reason="syn-ack"/><address addr="192.0.2.${octet}" addrtype="ipv4"/>${more}<ports>${ports}</ports></host>\n`;
}

export function down(octet: number): string {
  return `<host starttime="DAY" endtime="DAY"><status state="down" reason="no-response"/><address addr="192.0.2.${octet}" addrtype="ipv4"/></host>\n`;
}

export function tcp(number: number, state = 'open', service = ''): string {
  return `<port protocol="tcp" portid="${number}"><state state="${state}" reason="syn-ack"/>${service}</port>`;
}

export const ssh = (version: string): string => `<service name="ssh" product="OpenSSH" version="${version}" method="probed" conf="10"/>`;
