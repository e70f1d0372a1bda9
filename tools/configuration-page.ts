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

\`--config FILE\` or \`PORTLOG_CONFIG\`, in YAML or JSON. \`\${NAME}\` in a text is replaced by the environment variable NAME, after parsing; there are no defaults (\`\${NAME:-else}\` is refused). The file is UTF-8, and 16 MiB at most.
Relative paths are relative to where portlog runs.

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

\`--to elasticsearch\` (without URL) takes what the file says about that sink; \`--to elasticsearch=URL\` with another address.
\`PORTLOG_<SINK>_URL\` is where a server is that neither of them names, for \`portlog setup\`, too; credentials from the environment then go there, or to an address in the file, and nowhere else.
What begins with \`PORTLOG_\` and is read by nothing is warned of, when it looks like something that is.

| setting | type | |
|---|---|---|
${rows('', schema).join('\n')}

## Sinks

What may stand in a member of \`sinks\` depends on its \`type\`; anything else is refused, with the nearest name that is right.

| of every kind | type | |
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

| setting | type | |
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
