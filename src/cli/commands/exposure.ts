import { hasPorts } from '../../nmap/transport.ts';
import { inventoryRows } from '../../change/inventory.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import { knownSites } from '../../state/sites.ts';
import type { Settings } from '../../config/settings.ts';
import { stateFile } from '../../state/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { levelOf } from '../../event/event.ts';
import { EXPIRED, type ExposurePolicy } from '../../finding/exposure.ts';
import { print } from '../session/terminal.ts';
import type { Checked, CheckedPort } from '../session/report/checked.ts';
import { REPORTS } from '../session/report/violations.ts';
import { counted } from '../../event/text.ts';
import { chosen, type CommandContext, settingsOf } from '../session/context.ts';
import { firstExposure } from '../session/first-exposure.ts';
import { type OpenPort, scannedPorts, type ScannedPorts } from '../session/scanned-ports.ts';
import { type Command, NOTHING_SENT } from '../command.ts';
import { only, SHIP_OPTIONS } from '../session/options.ts';
import { readState, reportDamage } from '../session/known-state.ts';
import { noSite } from '../session/sites.ts';
import { neededWord, refuseExtraWords } from '../session/words.ts';

/** `portlog exposure init|check`: writes or checks an exposure file. */
export const exposure: Command = {
  name: 'exposure',
  summary: 'compare a scan with the ports that are expected to be open',
  usage: ['exposure init [options] [SCAN]', 'exposure check [options] SCAN'],
  tasks: [
    { name: 'init', words: '[SCAN]', summary: 'print a first exposure file, from a scan or from the known state' },
    { name: 'check', words: 'SCAN', summary: 'compare a scan with the exposure file' },
  ],
  about: [
    'Exposure is what others can reach: the open ports of each host. The exposure file lists those that are expected, with reason and owner; all others are reported.',
  ],
  words: 'files',
  options: {
    format: {
      type: 'string',
      choices: ['table', 'json', 'junit', 'sarif'],
      group: 'What',
      about: 'format of check: a table, one JSON object per line, JUnit XML or SARIF',
      byDefault: 'table',
    },
    ...only(SHIP_OPTIONS, ['exposure', 'site', 'config', 'state-dir']),
  },
  examples: [
    { line: 'portlog exposure init scan.xml > exposure.yaml', about: 'a first file, to review and edit' },
    { line: 'portlog exposure check --exposure exposure.yaml scan.xml', about: 'in CI' },
  ],
  exits: {
    ...NOTHING_SENT,
    0: 'every open port is expected',
    1: 'something unexpected is open, or part of the scan is missing',
    3: 'nothing could be checked, or nothing is known yet',
  },
  run: doTask,
};

async function doTask(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  const task = neededWord(words, 'exposure', 'a task: init or check');
  const [, scan, ...more] = words;
  refuseExtraWords(more, 'exposure');
  if (task === 'init') return init(context, await settingsOf(withoutFile(context)), scan);
  if (task === 'check' && scan !== undefined) return check(context, await settingsOf(context), scan);
  throw new PortlogError('usage', task === 'check' ? 'portlog exposure check needs a scan' : `portlog exposure has no task "${task}"`, {
    hint: 'portlog exposure init [SCAN], portlog exposure check SCAN',
  });
}

/** `init` writes the file, so it need not exist yet; the shell may just have truncated it. */
function withoutFile(context: CommandContext): CommandContext {
  const { exposure: _given, ...values } = context.values;
  const config: CommandContext['config'] = async () => {
    const { exposure: _configured, ...rest } = await context.config();
    return rest;
  };
  return { ...context, values, config };
}

/** Writes a first file from what is open now, to be edited. */
async function init(context: CommandContext, settings: Settings, scan: string | undefined): Promise<ExitCode> {
  const { ports, code } = scan === undefined ? await knownPorts(context, settings) : await portsOfScan(context, settings, scan);
  const { stringify } = await import('yaml');
  const heading = `# The ports that are expected to be open. Review them: remove what should not be open, and give each entry a reason and an owner.
# Zones are guessed from the addresses; public addresses count as external (everyone can reach them). docs/how-to/exposure.md explains each setting.
`;
  await print(context.terminal, heading + stringify(firstExposure(ports)));
  context.log.info(`${counted(ports.length, 'open port')} of ${counted(new Set(ports.map(({ host }) => host)).size, 'host')} written down`);
  return code;
}

interface Ports {
  readonly ports: readonly OpenPort[];
  readonly code: ExitCode;
}

async function portsOfScan(context: CommandContext, settings: Settings, scan: string): Promise<Ports> {
  const { ports, gaps, name } = await scannedPorts(context, settings, scan);
  for (const gap of gaps) context.log.warn(`${name}: ${gap}`);
  return { ports, code: EXIT.delivered };
}

/** What was not scanned is never reported as right: a scan without information is an error, one with a part of it ends "partly". */
async function check(context: CommandContext, settings: Settings, scan: string): Promise<ExitCode> {
  const policy = policyOf(settings);
  const { log, terminal, values } = context;
  const scanned = await scannedPorts(context, settings, scan);
  const ports = scanned.ports.map((port) => checkedPort(policy, port));
  const inconclusive = whyInconclusive(policy, scanned);
  const gaps = inconclusive === undefined ? scanned.gaps : [...scanned.gaps, inconclusive];
  const checked: Checked = { scan, ports, closed: hostsWithout(policy, scanned), gaps };
  await print(terminal, chosen(values, 'format', REPORTS, 'table')(checked));
  for (const gap of scanned.gaps) log.warn(`${scanned.name}: ${gap}`);
  if (inconclusive !== undefined)
    throw new PortlogError('input-says-nothing', `${scanned.name}: ${inconclusive}`, {
      hint: 'nothing was checked, so nothing is known to be right',
    });
  log.info(verdict(checked));
  return gaps.length === 0 && ports.every(({ violation }) => violation === undefined) ? EXIT.delivered : EXIT.partly;
}

function policyOf({ exposure }: Settings): ExposurePolicy {
  if (exposure?.judges === true) return exposure;
  if (exposure === undefined)
    throw new PortlogError('usage', 'there is no exposure file to check against', {
      hint: 'name it with --exposure FILE; portlog exposure init writes a first one',
    });
  throw new PortlogError('usage', 'the exposure file names networks only, so there is nothing to check against', {
    hint: 'say under "expected" what is expected to be open, or [] when nothing is',
  });
}

function checkedPort(policy: ExposurePolicy, { host, ips, number, protocol, service, time }: OpenPort): CheckedPort {
  const { zone, owner } = policy.networkOf(ips) ?? {};
  const finding = policy.judge(ips, number, protocol, time);
  const violation = finding && {
    kind: finding.rule === EXPIRED ? ('expired' as const) : ('unexpected' as const),
    level: levelOf(finding.severity),
    what: finding.title,
  };
  return { host, port: `${number}/${protocol}`, service, zone, owner, violation };
}

/** Why a scan says nothing about the policy; undefined when it does. */
function whyInconclusive(policy: ExposurePolicy, { ports, hosts, listed, down }: ScannedPorts): string | undefined {
  if (ports.length > 0) return undefined;
  if (listed === 0) return 'the scan lists no host';
  if (down === listed) return `the scan found no host up (${down} down)`;
  if (hosts.length === 0) return 'the scan does not say of any port whether it is open';
  const covered = hosts.filter(({ ips }) => policy.covers(ips));
  if (covered.length === 0) return `the exposure file says nothing about ${hosts.length === 1 ? 'the host' : 'any of the hosts'} of the scan`;
  return covered.some(({ ips, scanned }) => policy.namesAny(ips, scanned))
    ? undefined
    : 'none of the ports in the exposure file was scanned, and no other one is open';
}

function hostsWithout(policy: ExposurePolicy, { ports, hosts }: ScannedPorts): Checked['closed'] {
  const open = new Set(ports.map(({ host }) => host));
  return hosts.filter(({ host }) => !open.has(host)).map(({ host, ips }) => ({ host, zone: policy.networkOf(ips)?.zone }));
}

function verdict({ ports, closed }: Checked): string {
  const wrong = ports.filter(({ violation }) => violation !== undefined).length;
  if (wrong > 0) return `${wrong} of ${counted(ports.length, 'open port')} not expected to be open`;
  return ports.length === 0 ? `no port is open on ${counted(closed.length, 'host')}` : `${counted(ports.length, 'open port')}, all of them expected`;
}

const OPEN = { network: undefined, ports: undefined, transport: undefined, service: undefined, states: new Set(['open']), since: undefined };

async function knownPorts({ log }: CommandContext, { stateDir, event }: Settings): Promise<Ports> {
  const known = await readState(stateDir, async (database) => {
    const known = knownSites(database);
    // Nothing would read as "nothing is expected to be open".
    if (!known.includes(event.site)) throw noSite(event.site, known, database);
    const hosts = new KnownHosts(database, event.site);
    return { ports: openPortsOf(hosts), code: reportDamage(log, [hosts]) };
  });
  if (known !== undefined) return known;
  throw new PortlogError('nothing-known', `nothing is known yet: there is no ${stateFile(stateDir)}`, {
    hint: 'name a scan: portlog exposure init SCAN',
  });
}

function openPortsOf(hosts: KnownHosts): readonly OpenPort[] {
  const rows = [...hosts.readable()].flatMap((known) => inventoryRows(hosts.site, known, OPEN));
  return rows.flatMap(({ host, ips, port }) =>
    port === undefined || !hasPorts(port.transport)
      ? []
      : [{ host, ips, number: port.number, protocol: port.transport, service: port.service ?? '', time: port.lastTested }],
  );
}
