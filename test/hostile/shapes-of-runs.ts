import { addressOf, numbered, type Shape, startOf } from './shapes.ts';

const END = '<runstats><finished exit="success"/></runstats></nmaprun>';
const ALL_PORTS = '<scaninfo type="syn" protocol="tcp" services="1-65535"/>';

function runOf(args: string, start: number, inside: string): string {
  return `<nmaprun args="nmap ${args}" start="${start}">${inside}${END}`;
}

function hostAt(address: string, inside = '', state = 'up'): string {
  return `<host><status state="${state}"/><address addr="${address}"${address.includes(':') ? ' addrtype="ipv6"' : ''}/>${inside}</host>`;
}

function openPort(number: number, service = ''): string {
  return `<ports><port protocol="tcp" portid="${number}"><state state="open"/>${service}</port></ports>`;
}

const TELNET = '<service name="telnet" method="probed"/>';

/** Many runs, each of which makes work in what is known. */
export const SHAPES_OF_RUNS: Readonly<Record<string, Shape>> = {
  'runs of hundreds of ranges each': (n) =>
    numbered((i) => runOf(`-v 10.0-15.0-31.${i % 256},${i >> 8}`, startOf(i), hostAt(`10.${i % 16}.${(i >> 4) % 32}.${i % 256}`)), 0.7 * n),
  'runs that exclude hundreds of ranges each': (n) =>
    numbered((i) => runOf(`-v -T${i} 10.0.0.0/8 --exclude 10.0-15.0-31.${i % 256}`, startOf(i), hostAt(addressOf(i))), 0.6 * n),
  'runs of some networks of IPv6 each': (n) =>
    numbered((i) => {
      const [group, ...others] = [i, i * 3, i * 5, i * 7].map((one) => (one % 65_536).toString(16));
      const networks = [group, ...others].map((one) => `2001:db8:${group}:${one}::/64`);
      return runOf(`-6 -v ${networks.join(' ')}`, startOf(i), hostAt(`2001:db8:${group}::1`));
    }, 0.6 * n),
  'hosts that come and go by turns': (n) =>
    numbered((i) => runOf('-v 10.0.0.0/24', startOf(i), [0, 1, 2, 3].map((octet) => hostAt(addressOf((i % 2) * 4 + octet))).join('')), 0.6 * n),
  'another protocol in each run': (n) =>
    numbered(
      (i) =>
        runOf(
          '-sO 10.0.0.1',
          startOf(i),
          `<scaninfo type="ipproto" protocol="ip" services="0-255"/>${hostAt('10.0.0.1', `<ports><port protocol="ip" portid="${i % 256}"><state state="open"/></port></ports>`)}`,
        ),
      0.55 * n,
    ),
  'another port of a host in the same run again and again': (n) =>
    numbered((i) => runOf('-v 10.0.0.0/8', startOf(0), ALL_PORTS + hostAt('10.0.0.1', openPort(1 + (i % 65_535)))), 0.35 * n),
  'runs early and late by turns': (n) =>
    numbered(
      (i) =>
        runOf(
          `-v -T${i % 30} 10.${i % 30}.0.0/16`,
          startOf(i % 2 === 0 ? 100_000 - i : i),
          ALL_PORTS + hostAt(`10.${i % 30}.0.${i % 256}`, openPort(1 + (i % 30), TELNET)),
        ),
      0.5 * n,
    ),
  'hosts that are up and down by turns': (n) =>
    numbered(
      (i) => runOf('-v 10.0.0.0/29', startOf(i), [0, 1, 2, 3].map((octet) => hostAt(addressOf(octet), '', i % 2 === 0 ? 'up' : 'down')).join('')),
      n,
    ),
  'another port of many hosts in each run': (n) =>
    numbered(
      (i) =>
        runOf(
          '-v 10.0.0.0/24',
          startOf(i),
          `<scaninfo type="syn" protocol="tcp" services="${1 + (i % 65_535)}"/>${[0, 1, 2, 3, 4].map((octet) => hostAt(addressOf(octet), openPort(1 + (i % 65_535)))).join('')}`,
        ),
      n,
    ),
  'weaknesses of several ports that come and go by turns': (n) =>
    numbered(
      (i) =>
        runOf(
          '-sV 10.0.0.1',
          startOf(i),
          ALL_PORTS +
            hostAt(
              '10.0.0.1',
              i % 2 === 0
                ? `<ports>${[1, 2, 3, 4, 5, 6].map((number) => `<port protocol="tcp" portid="${number}"><state state="open"/>${TELNET}</port>`).join('')}</ports>`
                : '<ports><extraports state="closed" count="65535"/></ports>',
            ),
        ),
      0.7 * n,
    ),
  'runs of several scanners between each other': (n) =>
    numbered(
      (i) =>
        runOf('-v 10.0.0.0/8', startOf((i % 7) * 1000 + Math.floor(i / 7)), hostAt(addressOf(i % 50), openPort(80 + (i % 7)))).replace(
          '<nmaprun',
          `<nmaprun scanner="s${i % 7}"`,
        ),
      n,
    ),
  'networks of IPv6 of many widths': (n) =>
    numbered((i) => {
      const group = (i % 65_536).toString(16);
      return runOf(`-6 -v 2001:db8:${group}::/${33 + (i % 90)}`, startOf(i), hostAt(`2001:db8:${group}::1`));
    }, 0.45 * n),
};
