import {
  DIFF_OPTIONS,
  EXPOSURE_OPTIONS,
  FINDINGS_OPTIONS,
  INVENTORY_OPTIONS,
  type Option,
  REPLAY_OPTIONS,
  REPORT_OPTIONS,
  RUN_OPTIONS,
  SCAN_OPTIONS,
  SETUP_OPTIONS,
  SHIP_OPTIONS,
  variableOf,
  WATCH_OPTIONS,
} from '../src/cli/options.ts';

/** The reference of the command line, from the options as the parser has them. */
export function cliPage(): string {
  return `# Command line

<!-- Made from src/cli/options.ts by npm run generate. -->

\`\`\`
portlog [ship] [options] [FILE…]          read scans (- or no FILE: standard input; .gz too) and ship them
portlog scan [options] -- NMAP-ARGS…      run nmap, ship each host as it completes
portlog watch [options] DIR…              ship each finished scan that appears in a directory, once
portlog run [options]                     scan and watch unattended, as the configuration says
portlog status [options]                  last and next scans, what waits on disk, what was rejected
portlog diff [options] OLD NEW            what changed between two scans
portlog inventory [options]               what is known now: open ports, hosts, since when
portlog findings [options]                what is wrong now, host by host
portlog report [options] [SCAN…]          one page to hand over, of what is known or of scans
portlog exposure init [options] [SCAN]    write a first file of what is meant to be open
portlog exposure check [options] SCAN     compare a scan with that file
portlog replay [options]                  send, list or delete what waits on disk because a sink was down
portlog setup TARGET [options]            install templates, dashboards and alert rules: elasticsearch, opensearch, opensearch-dashboards, kibana, grafana, loki, wazuh, wazuh-dashboard
portlog check [options]                   try configuration, nmap, state directory and every sink
\`\`\`

Without \`--to\`: a table on a terminal, else one JSON event a line. Flag before environment before configuration file before default.

## ship, scan, check

${table(SHIP_OPTIONS)}

## scan, check and run only

${table(SCAN_OPTIONS)}

## watch

also those of ship, but for \`--again\`

${table(WATCH_OPTIONS)}

## run

also those of ship, but for \`--again\`

${table(RUN_OPTIONS)}

## status

\`--config\`, \`--state-dir\` and \`--json\`

## diff

also \`--quiet\`

${table(DIFF_OPTIONS)}

## inventory

also \`--site\`, \`--config\`, \`--state-dir\` and \`--quiet\`

${table(INVENTORY_OPTIONS)}

## findings

also \`--site\`, \`--config\`, \`--state-dir\` and \`--quiet\`

${table(FINDINGS_OPTIONS)}

## report

also \`--site\`, \`--exposure\`, \`--config\`, \`--state-dir\` and \`--quiet\`

${table(REPORT_OPTIONS)}

## exposure

also \`--exposure\`, \`--site\`, \`--config\`, \`--state-dir\` and \`--quiet\`

${table(EXPOSURE_OPTIONS)}

## replay

also those of ship, but for \`--format\`, \`--all\`, \`--again\`, \`--spool-max-mib\` and \`--spool-when-full\`

${table(REPLAY_OPTIONS)}

## setup

also \`--ca-file\`, \`--quiet\` and \`--verbose\` as above

${table(SETUP_OPTIONS)}
`;
}

function table(options: Readonly<Record<string, Option>>): string {
  const rows = Object.entries(options).map(([name, { value, choices, about, alias }]) => {
    const argument = value ?? choices?.join('\\|') ?? '';
    const flags = `${alias === undefined ? '' : `-${alias}, `}--${name}`;
    return `| \`${`${flags} ${argument}`.trim()}\` | ${about} | \`${variableOf(name)}\` |`;
  });
  return `| option | | environment |\n|---|---|---|\n${rows.join('\n')}`;
}
