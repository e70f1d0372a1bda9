import { port } from './script-output.ts';

/** A host as a scan of a story sees it. */
export interface StoryHost {
  readonly ip: string;
  /** Open ports, as `port()` of script-output writes them. */
  readonly ports?: readonly string[];
  readonly mac?: string;
  readonly name?: string;
  readonly os?: string;
  readonly down?: boolean;
}

export interface StoryScan {
  readonly daysAgo: number;
  readonly hosts: readonly StoryHost[];
  /** What stands in front of the targets. */
  readonly options?: string;
  readonly targets?: string;
  readonly end?: 'failed' | 'cut';
}

/** Scans of one site, the oldest first. */
export type Story = readonly StoryScan[];

const DAY = 86_400;

/** nmap's XML of a scan. All TCP ports up to 10,000 were tested; what is not listed is closed. */
export function scanOf(
  { daysAgo, hosts, options = 'nmap -sV -p 1-10000', targets = '192.0.2.0/24 198.51.100.0/24 203.0.113.0/24', end }: StoryScan,
  now: number,
): string {
  const start = Math.floor(now / 1000) - Math.round(daysAgo * DAY);
  const up = hosts.filter(({ down }) => down !== true).length;
  const last =
    end === 'cut'
      ? ''
      : `<runstats><finished time="${start + 90}" elapsed="90.00" ${end === 'failed' ? 'exit="error" errormsg="Failed to open device eth9"' : 'exit="success"'}/><hosts up="${up}" down="${hosts.length - up}" total="${hosts.length}"/></runstats></nmaprun>`;
  return `<?xml version="1.0"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="${options} -oX - ${targets}" start="${start}" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="10000" services="1-10000"/>
${hosts.map((host, i) => hostOf(host, start + i)).join('\n')}
${last}`;
}

function hostOf({ ip, ports = [], mac, name, os, down = false }: StoryHost, start: number): string {
  if (down) return `<host><status state="down" reason="no-response"/><address addr="${ip}" addrtype="ipv4"/></host>`;
  const closed = 10_000 - ports.length;
  return `<host starttime="${start}" endtime="${start + 20}"><status state="up" reason="syn-ack"/><address addr="${ip}" addrtype="ipv4"/>${
    mac === undefined ? '' : `<address addr="${mac}" addrtype="mac"/>`
  }<hostnames>${name === undefined ? '' : `<hostname name="${name}" type="PTR"/>`}</hostnames><ports><extraports state="closed" count="${closed}"><extrareasons reason="reset" count="${closed}"/></extraports>${ports.join('')}</ports>${
    os === undefined
      ? ''
      : `<os><osmatch name="${os}" accuracy="100" line="1"><osclass type="general purpose" vendor="x" osfamily="${os}" accuracy="100"/></osmatch></os>`
  }</host>`;
}

/** An open port with the name that nmap's table has for it. */
export function named(number: number, service: string): string {
  return port(number, `<service name="${service}" method="table" conf="3"/>`);
}

/** An open port whose service was asked. */
export function asked(number: number, service: string, product = '', version = '', scripts = ''): string {
  const more = product === '' ? '' : ` product="${product}" version="${version}"`;
  return port(number, `<service name="${service}"${more} method="probed" conf="10"/>`, scripts);
}
