import { isWithin } from '../../change/inventory.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import type { Settings } from '../../config/settings.ts';
import { systemClock } from '../../core/clock.ts';
import { nearest } from '../../core/nearest.ts';
import { RULES } from '../../finding/registry.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { type Level, SEVERITY } from '../../event/event.ts';
import { type FindingFact } from '../../report/facts.ts';
import { findingsOf, unconfirmedOf } from '../../report/gather.ts';
import { notListedText } from '../../report/text.ts';
import { networkOf } from '../session/network.ts';
import { FINDING_FORMATS } from '../session/report/findings.ts';
import { counted } from '../../event/text.ts';
import { print } from '../session/terminal.ts';
import { chosen, type CommandContext, list, settingsOf, text } from '../session/context.ts';
import { reportDamage, withKnown } from '../session/known-state.ts';
import { type Command, KNOWN_EXITS } from '../command.ts';
import { only, SHIP_OPTIONS, SITE_OPTION } from '../session/options.ts';
import { sitesToShow } from '../session/sites.ts';
import { refuseExtraWords } from '../session/words.ts';

/** `portlog findings`: weaknesses of what is known now, host by host. */
export const findings: Command = {
  name: 'findings',
  summary: 'list the weaknesses of the known hosts',
  usage: ['findings [options]'],
  options: {
    format: {
      type: 'string',
      choices: ['table', 'json', 'csv'],
      group: 'What',
      about: 'a table, one JSON object per weakness, or CSV',
      byDefault: 'table',
    },
    severity: {
      type: 'string',
      choices: ['critical', 'high', 'medium', 'low', 'info'],
      group: 'What',
      about: 'only weaknesses of this severity or higher',
      byDefault: 'low',
    },
    network: { type: 'list', value: 'NETWORK', group: 'What', about: 'only hosts in this network: 192.0.2.0/24, 10.0.0-5.*' },
    rule: { type: 'list', value: 'ID', group: 'What', about: 'only this rule (docs/reference/rules.md)' },
    ...SITE_OPTION,
    ...only(SHIP_OPTIONS, ['config', 'state-dir']),
  },
  examples: [{ line: 'portlog findings --severity high', about: 'what to fix first' }],
  exits: KNOWN_EXITS,
  run: showFindings,
};

async function showFindings(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  refuseExtraWords(words, 'findings');
  const { values, log, terminal } = context;
  const settings = await settingsOf(context);
  const { stateDir } = settings;
  const isWanted = filterOf(context, settings);
  const network = networkOf(list(values, 'network'));
  const format = chosen(values, 'format', FINDING_FORMATS, 'table');
  const config = await context.config();
  const code = await withKnown(stateDir, log, async (database) => {
    const now = systemClock.now();
    let [hosts, rows, unconfirmed] = [0, 0, 0];
    const sites = sitesToShow(database, config, text(values, 'site')).map((name) => new KnownHosts(database, name));
    if (!(await print(terminal, format.heading))) return EXIT.delivered;
    for (const known of sites) {
      for (const host of known.readable()) {
        if (!isWithin({ network }, host)) continue;
        const found = findingsOf(known.site, host, now).filter(isWanted);
        unconfirmed += unconfirmedOf(host);
        hosts += found.length > 0 ? 1 : 0;
        rows += found.length;
        if (!(await print(terminal, found.map((finding) => format.row(finding)).join('')))) return EXIT.delivered;
      }
    }
    log.info(`${counted(rows, 'weakness', 'weaknesses')} of ${counted(hosts, 'host')}`);
    if (unconfirmed > 0 && values['rule'] === undefined) log.info(notListedText(unconfirmed));
    return reportDamage(log, sites);
  });
  return code ?? EXIT.noInput;
}

function filterOf({ values }: CommandContext, { findings: { services = [] } }: Settings): (finding: FindingFact) => boolean {
  const least = SEVERITY[(text(values, 'severity') ?? 'low') as Level];
  const rules = list(values, 'rule');
  const known = [...RULES, ...services].map(({ id }) => id);
  const unknown = rules?.find((id) => !known.includes(id));
  if (unknown !== undefined) throw noRule(unknown, known);
  return ({ severity, rule }) => severity >= least && (rules === undefined || rules.includes(rule));
}

function noRule(id: string, known: readonly string[]): PortlogError {
  const guess = nearest(id, known);
  return new PortlogError('usage', `there is no rule "${id}"`, {
    hint: guess === undefined ? 'docs/reference/rules.md lists them; your own are in the file of --config' : `did you mean ${guess}?`,
  });
}
