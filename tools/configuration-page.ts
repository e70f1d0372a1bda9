interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** The reference of the configuration file, from its schema. */
export function configurationPage(schema: Schema): string {
  return `# Configuration file

<!-- Made from schemas/config.schema.json by npm run generate. -->

\`--config FILE\` or \`PORTLOG_CONFIG\`, in YAML or JSON. \`\${NAME}\` in a text is replaced by the environment variable NAME, after parsing.
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

| setting | type | |
|---|---|---|
${rows('', schema).join('\n')}
`;
}

function rows(prefix: string, { properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const type = schema.enum?.join(', ') ?? (schema.type === 'array' ? 'list' : (schema.type ?? ''));
    const row = `| \`${prefix}${name}\` | ${type} | ${schema.description ?? ''} |`;
    return [row, ...rows(`${prefix}${name}.`, schema), ...rows(`${prefix}${name}[].`, schema.items ?? {})];
  });
}
