import type { Field } from '../../../src/event/fields/field.ts';

const INTRO = `# Events

<!-- Made from src/event/fields.ts by npm run generate. -->

One JSON object per event, with the fields of [ECS](https://www.elastic.co/docs/reference/ecs) 9.4; what ECS has no field for is in \`nmap.*\`.

| dataset | one event per | \`event.action\` |
|---|---|---|
| \`nmap.scan\` | run of nmap | scan-finished, scan-incomplete, scan-failed, scan-empty (no host was scanned), scan-listed (\`nmap -sL\`); scan-started when portlog runs nmap |
| \`nmap.host\` | host in a run | host-observed |
| \`nmap.port\` | port in a run | port-observed |
| \`nmap.finding\` | finding (weakness) in a run | finding-observed ([rules](rules.md)) |
| \`nmap.change\` | difference from the known state | host-new, port-opened, … ([all](../explanation/change.md#what-counts-as-a-change)) |
| \`nmap.health\` | message of portlog about itself | run-summary, delivery-problem, scan-overdue, file-not-shipped, scan-misdated, absence-unknown |

Ports that are \`closed\` or \`filtered\` and hosts that are down are only counted (in \`nmap.host.ports\` and \`nmap.scan\`); \`--all\` sends them too.
masscan writes one \`<host>\` per port and knows nothing about the host, so its scans give events of ports, and none of hosts.

The type of a field never changes. \`[]\` after a type: always an array. **source**: element and attribute of nmap's XML
([nmap.dtd](https://nmap.org/book/app-nmap-dtd.html)). [schemas/event.schema.json](../../schemas/event.schema.json) is the same list for programs.

## In OpenTelemetry

With \`--format otel\` each line is one OTLP request with the same event, and some names differ:

| ECS | OpenTelemetry |
|---|---|
| \`message\` | body |
| \`event.action\` | \`eventName\`: \`nmap.port_observed\` |
| \`event.id\` | \`log.record.uid\` |
| \`host.*\` | \`nmap.host.*\` |
| \`network.protocol\` | \`network.protocol.name\` |
| \`network.iana_number\` | \`nmap.port.iana_number\` |
| \`tls.server.x509.*\` | \`nmap.tls.x509.*\` |
| \`rule.id\`, other \`rule.*\` | \`nmap.rule.id\`, \`security_rule.*\` |
| \`vulnerability.*\` | \`nmap.vulnerability.*\` |
| \`tags\`, \`labels.*\` | \`nmap.tags\`, \`nmap.labels.*\` |
| \`observer.product\`, \`observer.version\` | \`nmap.scanner.name\`, \`nmap.scanner.version\` |
| \`related\`, \`service\`, \`ecs\`, \`agent\` | left out |

`;

/** The reference page: a table per first word of the names. */
export function eventsPage(fields: readonly Field[]): string {
  const groups = Map.groupBy(fields, ({ name }) => groupOf(name));
  const tables = [...groups].map(
    ([group, members]) => `## ${group}\n\n| field | type | source | example | meaning |\n|---|---|---|---|---|\n${members.map(row).join('\n')}\n`,
  );
  return INTRO + tables.join('\n');
}

function groupOf(name: string): string {
  const parts = name.split('.');
  if (parts.length === 1) return 'base';
  return parts[0] === 'nmap' && parts.length > 2 ? `nmap.${parts[1]}` : (parts[0] as string);
}

function row({ name, type, many, source, example, about }: Field): string {
  const cells = [
    `\`${name}\``,
    `${type.replace('long_keyword', 'keyword').replace('labels', 'object')}${many ? '[]' : ''}`,
    source,
    exampleOf(example),
    about,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function exampleOf(example: unknown): string {
  if (example === undefined) return '';
  return `\`${typeof example === 'string' ? example : JSON.stringify(example)}\``;
}
