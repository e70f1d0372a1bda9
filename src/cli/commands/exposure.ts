import { existsSync } from 'node:fs';
import { inventoryRows } from '../../change/inventory.ts';
import { KnownHosts } from '../../change/store.ts';
import type { Settings } from '../../config/settings.ts';
import { openDatabase, stateFile } from '../../delivery/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../errors.ts';
import { hostContext } from '../../event/host.ts';
import { type RunContext, runContext } from '../../event/context.ts';
import { levelOf } from '../../event/event.ts';
import { printable } from '../../event/text.ts';
import { shownService } from '../../event/service-name.ts';
import { EXPIRED } from '../../finding/exposure.ts';
import { isComplete } from '../../nmap/item.ts';
import { print } from '../terminal.ts';
import { type CheckedPort, junit, placeOf, sarif } from '../report/violations.ts';
import { count } from '../report/words.ts';
import { type CommandContext, settingsOf, text } from './context.ts';
import { readScan } from './read-scan.ts';

/** An open port, as both tasks need it. */
interface OpenPort {
  readonly host: string;
  readonly ips: readonly string[];
  readonly number: number;
  readonly protocol: string;
  readonly service: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

/** `portlog exposure init|check`: what is meant to be open, written down and compared. */
export async function exposureCommand(context: CommandContext, task: string, scan: string | undefined): Promise<ExitCode> {
  const settings = await settingsOf(context);
  if (task === 'init') return init(context, settings, scan);
  if (task === 'check' && scan !== undefined) return check(context, settings, scan);
  throw new PortlogError('usage', task === 'check' ? 'portlog exposure check needs a scan' : `portlog exposure has no task "${task}"`, {
    hint: 'portlog exposure init [SCAN], portlog exposure check SCAN',
  });
}

/** Writes down what is open now, for a person to go through. */
async function init(context: CommandContext, settings: Settings, scan: string | undefined): Promise<ExitCode> {
  const ports = scan === undefined ? knownPorts(settings) : await scannedPorts(context, settings, scan);
  const { stringify } = await import('yaml');
  const heading = `# What is meant to be open. Go through it: take out what should not be, say why the rest is, and who answers for it.
# docs/how-to/exposure.md explains each setting.
`;
  await print(context.terminal, heading + stringify({ networks: networksOf(ports), expected: entriesOf(ports) }));
  context.speaker.say(`${count(ports.length, 'open port')} of ${count(new Set(ports.map(({ host }) => host)).size, 'host')} written down`);
  return EXIT.delivered;
}

async function check(context: CommandContext, settings: Settings, scan: string): Promise<ExitCode> {
  const { exposure } = settings;
  if (exposure === undefined)
    throw new PortlogError('usage', 'there is no file of expected exposure to check against', {
      hint: 'name it with --exposure FILE; portlog exposure init writes a first one',
    });
  const ports = await scannedPorts(context, settings, scan);
  const checked = ports.map(({ host, ips, number, protocol, service, time }): CheckedPort => {
    const { zone, owner } = exposure.networkOf(ips) ?? {};
    const finding = exposure.judge(ips, number, protocol, time);
    const violation = finding && {
      kind: finding.rule === EXPIRED ? ('expired' as const) : ('unexpected' as const),
      level: levelOf(finding.severity),
      what: finding.title,
    };
    return { host, port: `${number}/${protocol}`, service, zone, owner, violation };
  });
  const wrong = checked.filter(({ violation }) => violation !== undefined);
  const format = text(context.values, 'format') ?? 'table';
  await print(context.terminal, REPORTS[format]?.(checked, scan) ?? wrong.map(format === 'json' ? jsonLine : tableLine).join(''));
  context.speaker.say(
    wrong.length === 0
      ? `${count(checked.length, 'open port')}, all of them meant to be open`
      : `${wrong.length} of ${count(checked.length, 'open port')} not meant to be open`,
  );
  return wrong.length === 0 ? EXIT.delivered : EXIT.partly;
}

/** What is a document, not lines. */
const REPORTS: Readonly<Record<string, (ports: readonly CheckedPort[], scan: string) => string>> = { junit, sarif };

function jsonLine({ violation, ...port }: CheckedPort): string {
  return `${JSON.stringify({ ...violation, ...port })}\n`;
}

function tableLine(checked: CheckedPort): string {
  const { violation } = checked;
  return `${printable(`${violation?.kind.padEnd(10)} ${placeOf(checked)}: ${violation?.what} [${violation?.level}]`)}\n`;
}

async function scannedPorts(context: CommandContext, settings: Settings, scan: string): Promise<readonly OpenPort[]> {
  const ports: OpenPort[] = [];
  let run: RunContext | undefined;
  let [cut, refused] = [false, 0];
  const name = await readScan(context, scan, (item) => {
    if (item.kind === 'refused') refused++;
    if (item.kind === 'end') cut ||= !isComplete(item.end);
    if (item.kind === 'run') run = runContext(item.run, { ...settings.event, now: Date.now, scannerHost: undefined });
    if (item.kind !== 'host' || run === undefined) return;
    const { identity, time } = hostContext(run, item.host);
    for (const { number, protocol, state, service } of item.host.ports) {
      if (state?.state !== 'open' || number === undefined || protocol === undefined) continue;
      ports.push({ host: identity.key, ips: identity.ips, number, protocol, service: shownService(service?.name, service?.tunnel), time });
    }
  });
  if (cut) context.speaker.warn(`${name}: the scan is not complete; only hosts that it finished count`);
  if (refused > 0) context.speaker.warn(`${name}: ${count(refused, 'element')} could not be read and ${refused === 1 ? 'does' : 'do'} not count`);
  return ports;
}

function knownPorts({ stateDir, event }: Settings): readonly OpenPort[] {
  const path = stateFile(stateDir);
  if (!existsSync(path))
    throw new PortlogError('usage', `nothing is known yet: there is no ${path}`, { hint: 'name a scan: portlog exposure init SCAN' });
  const database = openDatabase(stateDir);
  try {
    const hosts = new KnownHosts(database, event.site);
    const filter = { network: undefined, ports: undefined, transport: undefined, service: undefined, states: new Set(['open']), since: undefined };
    const rows = hosts.keys().flatMap((key) => {
      const known = hosts.get(key);
      return known === undefined ? [] : inventoryRows(event.site, known, filter);
    });
    return rows.flatMap(({ host, ips, port }) =>
      port === undefined ? [] : [{ host, ips, number: port.number, protocol: port.transport, service: port.service ?? '', time: port.lastTested }],
    );
  } finally {
    database.close();
  }
}

/** The networks of the hosts, as a first guess: a /24 or a /64 each. */
function networksOf(ports: readonly OpenPort[]): readonly object[] {
  const networks = new Set(ports.flatMap(({ ips: [ip] }) => (ip === undefined ? [] : networkOf(ip))));
  return [...networks].toSorted().map((network) => ({ network, zone: 'internal', criticality: 'medium', owner: 'nobody yet', external: false }));
}

function networkOf(ip: string): string {
  if (!ip.includes(':')) return `${ip.split('.').slice(0, 3).join('.')}.0/24`;
  return `${ip}/64`;
}

/** One entry for all hosts with the same ports. */
function entriesOf(ports: readonly OpenPort[]): readonly object[] {
  const byHost = Map.groupBy(ports, ({ host, ips }) => ips[0] ?? host);
  const alike = Map.groupBy([...byHost], ([, list]) => wordsOf(list).join(' '));
  return [...alike.values()].map((hosts) => {
    const list = hosts[0]?.[1] ?? [];
    const services = [...new Set(list.map(({ service }) => service).filter((name) => name !== ''))];
    return { hosts: hosts.map(([address]) => address), ports: wordsOf(list), reason: `not said yet (${services.join(', ')})`, owner: 'nobody yet' };
  });
}

function wordsOf(ports: readonly OpenPort[]): readonly string[] {
  const byProtocol = Map.groupBy(ports, ({ protocol }) => protocol);
  return [...byProtocol].flatMap(([protocol, list]) => {
    const numbers = [...new Set(list.map(({ number }) => number))].sort((a, b) => a - b);
    return ['tcp', 'udp', 'sctp'].includes(protocol) ? `${numbers.join(',')}/${protocol}` : [];
  });
}
