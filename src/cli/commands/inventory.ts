import { type InventoryFilter, inventoryRows, isWithin } from '../../change/inventory.ts';
import { systemClock } from '../../core/clock.ts';
import { endForgotten, type Forgotten } from '../../sink/alertmanager/forgotten.ts';
import { hasPorts } from '../../nmap/transport.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import { knownSites } from '../../state/sites.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import type { Database } from '../../state/database.ts';
import { memoriesOf } from '../../state/sink-memory.ts';
import { isSure } from '../session/confirm.ts';
import { ROW_FORMATS } from '../session/report/inventory.ts';
import { counted } from '../../event/text.ts';
import { networkOf } from '../session/network.ts';
import { portsOf } from '../session/ports.ts';
import { sinceOf } from '../session/since.ts';
import { print } from '../session/terminal.ts';
import { chosen, type CommandContext, list, settingsOf, text } from '../session/context.ts';
import { changeKnown, reportDamage, withKnown } from '../session/known-state.ts';
import { type Command, KNOWN_EXITS } from '../command.ts';
import { only, SHIP_OPTIONS, SITE_OPTION } from '../session/options.ts';
import { sitesToShow } from '../session/sites.ts';
import { refuseExtraWords } from '../session/words.ts';

const STATES = new Set(['open', 'closed', 'filtered', 'unfiltered', 'open|filtered', 'closed|filtered', 'down']);

/** `portlog inventory`: what is known now, and `--forget`. */
export const inventory: Command = {
  name: 'inventory',
  summary: 'list the known hosts and their open ports, and since when',
  usage: ['inventory [options]'],
  about: [
    'SINCE: when the state of the port began, as far as known. LAST SEEN: when the port was last open, or the host last up. 47/ip is an IP protocol (nmap -sO); it has no ports and is counted separately.',
  ],
  options: {
    'format': {
      type: 'string',
      choices: ['table', 'json', 'csv'],
      group: 'What',
      about: 'a table, one JSON object per port, or CSV',
      byDefault: 'table',
    },
    'network': { type: 'list', value: 'NETWORK', group: 'What', about: 'only hosts in this network: 192.0.2.0/24, 10.0.0-5.*' },
    'port': { type: 'string', value: 'PORTS', group: 'What', about: 'only these ports: 22,8000-8100 or 53/udp' },
    'service': { type: 'string', value: 'TEXT', group: 'What', about: 'only services with TEXT in name or version' },
    'state': {
      type: 'string',
      value: 'STATES',
      group: 'What',
      about: 'only ports in these states, or all; down lists hosts that are down',
      byDefault: 'open',
    },
    'since': { type: 'string', value: 'WHEN', group: 'What', about: 'only states that began since a date, or within the last 24h, 7d' },
    'forget': { type: 'boolean', group: 'What', about: 'forget the hosts of --network and --site, after asking' },
    'all-hosts': { type: 'boolean', group: 'What', about: 'with --forget: all hosts of all sites' },
    'yes': { type: 'boolean', group: 'What', about: 'do not ask' },
    ...SITE_OPTION,
    ...only(SHIP_OPTIONS, ['config', 'state-dir']),
  },
  examples: [
    { line: 'portlog inventory --port 22,3389', about: 'who has remote access open' },
    { line: 'portlog inventory --state down', about: 'hosts that no longer answer' },
    { line: 'portlog inventory --since 7d --format csv', about: 'what is new this week, for a spreadsheet' },
  ],
  exits: KNOWN_EXITS,
  run: showInventory,
};

async function showInventory(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  refuseExtraWords(words, 'inventory');
  const { values, log } = context;
  const { stateDir } = await settingsOf(context);
  if (values['forget'] === true && ['port', 'service', 'state', 'since'].some((name) => values[name] !== undefined))
    throw new PortlogError('usage', '--forget forgets whole hosts', { hint: 'choose them with --network and --site' });
  refuseForgettingAll(context);
  const filter = filterOf(context, systemClock.now());
  const config = await context.config();
  const sitesIn = (database: Database): readonly KnownHosts[] =>
    sitesToShow(database, config, text(values, 'site')).map((name) => new KnownHosts(database, name));
  const done =
    values['forget'] === true
      ? await changeKnown(stateDir, log, (database) => forget(context, database, sitesIn(database), filter))
      : await withKnown(stateDir, log, (database) => show(context, sitesIn(database), filter));
  return done ?? EXIT.noInput;
}

/** Requires a restriction for `--forget`: a missing `--network` must not delete everything. */
function refuseForgettingAll({ values }: CommandContext): void {
  if (values['forget'] !== true || ['network', 'site', 'all-hosts'].some((name) => values[name] !== undefined && values[name] !== false)) return;
  throw new PortlogError('usage', '--forget without --network or --site would forget every host', {
    hint: 'name them (--network 192.0.2.7), or say --all-hosts if that is meant',
  });
}

async function show({ values, log, terminal }: CommandContext, sites: readonly KnownHosts[], filter: InventoryFilter): Promise<ExitCode> {
  const format = chosen(values, 'format', ROW_FORMATS, 'table');
  if (!(await print(terminal, format.heading))) return EXIT.delivered;
  let [hosts, ports, protocols] = [0, 0, 0];
  for (const known of sites) {
    for (const host of known.readable()) {
      if (!isWithin(filter, host)) continue;
      const found = inventoryRows(known.site, host, filter);
      hosts += found.length > 0 ? 1 : 0;
      for (const { port } of found) {
        if (port === undefined) continue;
        if (hasPorts(port.transport)) ports++;
        else protocols++;
      }
      if (!(await print(terminal, found.map((row) => format.row(row)).join('')))) return EXIT.delivered;
    }
  }
  log.info(`${counted(hosts, 'host')}, ${counted(ports, 'port')}${protocols === 0 ? '' : `, ${counted(protocols, 'protocol')}`}`);
  return reportDamage(log, sites);
}

async function forget(context: CommandContext, database: Database, sites: readonly KnownHosts[], filter: InventoryFilter): Promise<ExitCode> {
  const { values, log } = context;
  const chosen = sites.flatMap((known) => known.keys().flatMap((key) => (isWithin(filter, known.addressesOf(key)) ? [{ known, key }] : [])));
  const what = `what is known of ${chosenWords(chosen)}`;
  if (chosen.length === 0) {
    log.info('no such host is known');
    return EXIT.delivered;
  }
  if (values['yes'] !== true && !(await isSure(context, `forget ${what}`, '--forget'))) {
    log.info('nothing was forgotten');
    return EXIT.usage;
  }
  const ended = database.transaction(() => {
    for (const { known, key } of chosen) known.forget(key);
    return endAlerts(
      database,
      chosen.map(({ known: { site }, key }) => ({ site, host: key })),
    );
  });
  log.info(`forgot ${what}; when they are seen again, they are part of a baseline, or new`);
  if (ended > 0)
    log.info(`${counted(ended, 'alert')} about them ${ended === 1 ? 'has' : 'have'} ended: watch, run or the next scan notifies Alertmanager`);
  return EXIT.delivered;
}

/** Ends alerts about hosts that are gone for good, because no scan would; for a site without hosts, also the alert about overdue scans. */
function endAlerts(database: Database, hosts: readonly Forgotten[]): number {
  const left = new Set(knownSites(database));
  const sites = [...new Set(hosts.map(({ site }) => site))].filter((site) => !left.has(site)).map((site) => ({ site }));
  const now = systemClock.now();
  return memoriesOf(database, 'alertmanager').reduce((sum, memory) => sum + endForgotten(memory, [...hosts, ...sites], now), 0);
}

/** The chosen hosts in words, counted as in `portlog status`; addresses where nothing has answered yet do not count. */
function chosenWords(chosen: readonly { readonly known: KnownHosts; readonly key: string }[]): string {
  const hosts = chosen.filter(({ known, key }) => known.wasFound(key)).length;
  const silent = chosen.length - hosts;
  const addresses = silent === 0 ? [] : [`${counted(silent, 'address', 'addresses')} where nothing has answered`];
  return [...(hosts === 0 && silent > 0 ? [] : [counted(hosts, 'host')]), ...addresses].join(' and of ');
}

function filterOf({ values }: CommandContext, now: number): InventoryFilter {
  const since = text(values, 'since');
  const states = (text(values, 'state') ?? 'open').split(',').map((state) => state.trim());
  const { numbers, transport } = portsOf(text(values, 'port'));
  return {
    network: networkOf(list(values, 'network')),
    ports: numbers,
    transport,
    service: text(values, 'service')?.toLowerCase(),
    states: statesOf(states),
    down: states.includes('down'),
    since: since === undefined ? undefined : sinceOf(since, now),
  };
}

function statesOf(states: readonly string[]): ReadonlySet<string> | undefined {
  if (states.length === 1 && states[0] === 'all') return undefined;
  const wrong = states.find((state) => !STATES.has(state));
  if (wrong !== undefined)
    throw new PortlogError('usage', `--state "${wrong}": there is no such state`, { hint: `${[...STATES].join(', ')}; or all` });
  return new Set(states);
}
