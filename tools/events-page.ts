import type { Field } from '../src/event/fields/field.ts';

const INTRO = `# Events

<!-- Made from src/event/fields.ts by npm run generate. -->

One JSON object per event, in [ECS](https://www.elastic.co/docs/reference/ecs) 9.4:

| dataset | one event per | \`event.action\` |
|---|---|---|
| \`nmap.scan\` | run | scan-finished, scan-incomplete, scan-failed, scan-empty (it has looked at no host); scan-started when portlog runs nmap itself |
| \`nmap.host\` | host in a run | host-observed |
| \`nmap.port\` | port in a run | port-observed |
| \`nmap.finding\` | weakness in a run | finding-observed ([rules](rules.md)) |
| \`nmap.change\` | difference to what was known | host-new, port-opened, … ([all](../explanation/change.md#what-counts-as-a-change)) |
| \`nmap.health\` | thing that portlog must tell about itself | run-summary, delivery-problem, scan-overdue, file-not-shipped, scan-misdated, absence-unknown |

Without \`--all\`, ports that are \`closed\` or \`filtered\` and hosts that are down are counted (in \`nmap.host.ports\` and
\`nmap.scan\`), not sent. masscan writes one \`<host>\` per port and knows nothing of the host: it yields ports, no \`nmap.host\`.

A field keeps its type for ever. \`[]\` behind a type: always an array. **Source** names element and attribute of nmap's XML
([nmap.dtd](https://nmap.org/book/app-nmap-dtd.html)). [schemas/event.schema.json](../../schemas/event.schema.json) says the same for machines.

With \`--format otel\` the same event is one OTLP request per line: the body is \`message\`, \`event.id\` is \`log.record.uid\`,
\`event.action\` becomes \`eventName\` (\`nmap.port_observed\`), \`host.*\` becomes \`nmap.host.*\`, \`network.protocol\` becomes
\`network.protocol.name\`, \`tags\` and \`labels\` become \`nmap.tags\` and \`nmap.labels\`, \`rule.*\` becomes \`security_rule.*\` (\`nmap.rule.id\`), \`vulnerability.*\` \`nmap.vulnerability.*\`; \`observer\` is \`nmap.scanner.*\`; \`related\`, \`service\` and \`ecs\` are left out.

`;

/** The reference page: a table per first word of the names. */
export function eventsPage(fields: readonly Field[]): string {
  const groups = Map.groupBy(fields, ({ name }) => groupOf(name));
  const tables = [...groups].map(
    ([group, members]) => `## ${group}\n\n| field | type | source | example | |\n|---|---|---|---|---|\n${members.map(row).join('\n')}\n`,
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
