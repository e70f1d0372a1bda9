import { levelOf } from '../../../src/event/event.ts';
import type { Rule } from '../../../src/finding/finding.ts';
import { RISKY_SERVICES } from '../../../src/finding/risky-services.ts';

const INTRO = `# Rules

<!-- Made from src/finding/ by npm run generate. -->

What portlog finds wrong with a host or an open port, as \`nmap.finding\` events (\`rule.id\`, \`event.severity\`), and as
\`finding-opened\` and \`finding-resolved\` in \`nmap.change\` ([how](../explanation/findings.md)). A finding may be more or less severe than
its rule: by its CVSS score, or by the days that a certificate has left.

| severity | level |
|---|---|
| 99 | critical |
| 73 | high |
| 47 | medium |
| 21 | low |

`;

/** The reference of all rules: scripts first, then the catalogue of services. */
export function rulesPage(rules: readonly Rule[]): string {
  const services = new Set(RISKY_SERVICES.map(({ id }) => id));
  const scripts = rules.filter(({ id }) => !services.has(id));
  const rows = scripts.map(({ id, name, severity, why, remedy }) => `| \`${id}\` | ${levelOf(severity)} | ${name}. ${why} | ${remedy} |`);
  const serviceRows = RISKY_SERVICES.map(
    ({ id, name, severity, ports, why, remedy }) => `| \`${id}\` | ${levelOf(severity)} | ${name} | ${ports.join(', ')} | ${why} | ${remedy} |`,
  );
  return `${INTRO}## What scripts find, and what is not expected to be open

| rule | level | why | what to do |
|---|---|---|---|
${rows.join('\n')}

## Services that should not be reachable by everyone

By the name that nmap gives the service when it was asked (\`-sV\`), else by the number of the port.

| rule | level | service | ports | why | what to do |
|---|---|---|---|---|---|
${serviceRows.join('\n')}
`;
}
