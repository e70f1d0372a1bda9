interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly const?: string;
}

/** The reference of the configuration file, from its schema. */
export function configurationPage(schema: Schema): string {
  const kinds = schema.properties?.['sinks']?.items?.oneOf ?? [];
  return `# Configuration file

<!-- Made from schemas/config.schema.json by npm run generate. -->

\`--config FILE\` or \`PORTLOG_CONFIG\`, in YAML or JSON, UTF-8, at most 16 MiB. \`\${NAME}\` in a string is replaced by the environment variable NAME, after parsing; defaults
(\`\${NAME:-else}\`) are refused. Relative paths start at the working directory of portlog.

\`\`\`yaml
site: berlin
namespace: production
tags: [dmz]
labels: { team: network }
sinks:
  - type: elasticsearch
    url: https://es.example.net:9200
    apiKeyFile: /run/secrets/portlog-es
    caFile: /etc/ssl/es-ca.pem
\`\`\`

\`--to elasticsearch\` (without URL) uses that sink of the file, where it is the only one of its type; \`--to elasticsearch=URL\` uses its settings with another address.
\`PORTLOG_<SINK>_URL\` is the address if neither of them gives one, also for \`portlog setup\`. Where it or the file gives an address for a type of sink, credentials of that type are sent there and nowhere else.
A variable that begins with \`PORTLOG_\`, is not used, and looks like one that is, causes a warning.

| setting | type | meaning |
|---|---|---|
${rows('', schema).join('\n')}

## Sinks

The settings of a sink depend on its \`type\`. Any other is refused, and the message names the nearest correct one.

| of every type | type | meaning |
|---|---|---|
${rows('', { properties: common(kinds) }).join('\n')}
${kinds.map((one) => kind(one, common(kinds))).join('\n')}`;
}

type Settings = Readonly<Record<string, Schema>>;

/** Settings that every sink has. */
function common([first, ...others]: readonly Schema[]): Settings {
  const shared = Object.entries(first?.properties ?? {}).filter(
    ([name]) => name !== 'type' && others.every(({ properties = {} }) => name in properties),
  );
  return Object.fromEntries(shared);
}

function kind(schema: Schema, shared: Settings): string {
  const { type, ...all } = schema.properties ?? {};
  const settings = Object.fromEntries(Object.entries(all).filter(([name]) => !(name in shared)));
  if (Object.keys(settings).length === 0) return `\n### \`type: ${type?.const ?? ''}\`\n\n${schema.description ?? ''}.\n`;
  return `
### \`type: ${type?.const ?? ''}\`

${schema.description ?? ''}.

| setting | type | meaning |
|---|---|---|
${rows('', { properties: settings }).join('\n')}
`;
}

function rows(prefix: string, { properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const type = schema.enum?.join(', ') ?? (schema.type === 'array' ? 'list' : [schema.type ?? ''].flat().join(' or '));
    const row = `| \`${prefix}${name}\` | ${type} | ${schema.description ?? ''} |`;
    return [row, ...rows(`${prefix}${name}.`, schema), ...rows(`${prefix}${name}[].`, schema.items ?? {})];
  });
}
