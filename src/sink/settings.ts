/*
 * JSON Schema of settings that several types of sinks share. Each type has its own in sink/NAME/options.ts; schemas/config.schema.json and
 * docs/reference/configuration.md are generated from them.
 */

/** One setting of the configuration file, in JSON Schema. */
export type SettingSchema = Readonly<Record<string, unknown>>;

/** The settings of one kind of sink, beside `type`. */
export interface SinkSettings {
  readonly type: string;
  /** Where events go, for the reference. */
  readonly description: string;
  readonly properties: Readonly<Record<string, SettingSchema>>;
}

/** A text that is not empty. */
const TEXT = { type: 'string', minLength: 1 } as const;
const COMMAND = { type: 'array', items: { type: 'string' }, minItems: 1 } as const;
const DATASET_LIST = {
  type: 'array',
  minItems: 1,
  items: { enum: ['nmap.scan', 'nmap.host', 'nmap.port', 'nmap.finding', 'nmap.change', 'nmap.health', 'nmap.inventory'] },
} as const;

/** Settings of every sink. */
export const NARROWING = {
  datasets: {
    ...DATASET_LIST,
    description: 'Send only these datasets. Default: all; for alertmanager and exec nmap.change, nmap.scan and nmap.health',
  },
  only: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    description: 'Send only events that meet all of these conditions: docs/how-to/narrow.md',
    properties: {
      datasets: { ...DATASET_LIST, description: 'Of these datasets' },
      rules: {
        type: 'array',
        minItems: 1,
        items: TEXT,
        description: 'That raise one of these alerts (docs/reference/alerts.md) or belong to one of these rules (docs/reference/rules.md)',
      },
      minSeverity: {
        enum: ['info', 'low', 'medium', 'high', 'critical'],
        description: 'That have at least this severity, or raise an alert that has',
      },
      zones: {
        type: 'array',
        minItems: 1,
        items: TEXT,
        description: 'About hosts in these zones of the exposure file, or about no host',
      },
      sites: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'string',
          pattern: '^[\\w.-]{1,64}$',
          $comment: 'only letters, digits, dots, hyphens and underscores, at most 64',
          examples: ['berlin'],
        },
        description: 'Of these sites',
      },
    },
  },
} as const satisfies SinkSettings['properties'];

/** Settings of sinks that may share an address. */
export const NAMED = {
  name: {
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9_.-]{0,39}$',
    $comment: 'only lower-case letters, digits, dots, hyphens and underscores, at most 40',
    examples: ['customer-a'],
    description:
      'Distinguishes destinations with the same address but other headers or credentials. Another name makes it another destination: what was delivered to it and what waits for it is recorded under its name',
  },
} as const satisfies SinkSettings['properties'];

/** Settings of sinks that are servers. */
export const ADDRESS = {
  url: {
    type: 'string',
    pattern: '^(https?|tcp|tls)://',
    $comment: 'an address that begins with https://, http://, tls:// or tcp://',
    examples: ['https://es:9200'],
    description: 'Address of the server, without user and password',
  },
} as const satisfies SinkSettings['properties'];

/** Settings of receivers that tell tenants apart by a header. */
export const TENANT = {
  tenant: { ...TEXT, description: 'Tenant: value of the header X-Scope-OrgID' },
} as const satisfies SinkSettings['properties'];

/** Settings of sinks that are files. */
export const PATH = {
  path: { ...TEXT, description: 'File to which NDJSON is appended' },
} as const satisfies SinkSettings['properties'];

/** TLS settings of sinks that are reached over the network. */
export const TLS = {
  caFile: { ...TEXT, description: "PEM file with the authority (CA) that signed the server's certificate" },
  caOnly: { type: 'boolean', description: 'Trust only the authority in caFile. Default: false, also those of Node and of this machine' },
  certFile: { ...TEXT, description: 'PEM file with a client certificate, for servers that require one. Or PORTLOG_<TYPE>_CERT_FILE' },
  keyFile: { ...TEXT, description: 'PEM file with the key of the client certificate. Or PORTLOG_<TYPE>_KEY_FILE' },
  allowPlaintext: { type: 'boolean', description: 'Send credentials to other machines over http, too. Default: false' },
  timeoutSeconds: {
    type: 'number',
    minimum: 0.1,
    maximum: 3600,
    description: 'How long to wait for an answer. Default: 60',
  },
} as const satisfies SinkSettings['properties'];

/** Settings of servers that accept API keys. */
const API_KEY = {
  apiKey: { ...TEXT, description: 'API key; better given as ${NAME}, apiKeyFile or apiKeyCommand' },
  apiKeyFile: TEXT,
  apiKeyCommand: COMMAND,
} as const satisfies SinkSettings['properties'];

/** Settings of servers that accept users and passwords, or tokens. */
export const LOGIN = {
  user: TEXT,
  password: { ...TEXT, description: 'Password; better given as ${NAME}, passwordFile or passwordCommand' },
  passwordFile: TEXT,
  passwordCommand: COMMAND,
  bearer: { ...TEXT, description: 'Bearer token; better given as ${NAME}, bearerFile or bearerCommand' },
  bearerFile: TEXT,
  bearerCommand: COMMAND,
} as const satisfies SinkSettings['properties'];

/** Settings of sinks that are reached over HTTP. */
const COMPRESSION = {
  compression: { enum: ['gzip', 'none'], description: 'Compression of requests. Default: gzip; with {message} in the envelope: none' },
} as const satisfies SinkSettings['properties'];

/** Rotation settings of sinks that are files. */
export const ROTATION = {
  rotateMib: {
    type: 'number',
    minimum: 0,
    description: 'Rotate and compress the file at this size; 0 for never. Default: 100',
  },
  keepFiles: {
    type: 'integer',
    minimum: 1,
    description: 'Rotated files to keep; older ones are deleted. Default: all',
  },
  fsync: { type: 'boolean', description: 'Count events as delivered only once they are on the disk (fsync). Default: false' },
} as const satisfies SinkSettings['properties'];

/** Settings of sinks that get syslog messages. */
export const STREAM = {
  framing: { enum: ['octet-counting', 'newline'], description: 'How messages are separated in the stream (RFC 6587). Default: octet-counting' },
  facility: {
    enum: ['user', 'daemon', 'auth', 'authpriv', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    description: 'Facility of the messages. Default: local0',
  },
  maxMessageBytes: {
    type: 'integer',
    minimum: 2048,
    maximum: 1048576,
    description: 'Longest message, with its header; longer events are shortened. Default: 8000',
  },
} as const satisfies SinkSettings['properties'];

/** The setting for the maximum size of an event, for receivers that do not announce their limit. */
export function eventBytes(byDefault: number, why: string) {
  return {
    type: 'integer',
    minimum: 4096,
    maximum: 4_000_000,
    description: `Longest event; longer ones are shortened, script output first, and marked with nmap.shortened. Default: ${byDefault}, ${why}`,
  } as const;
}

/** All settings of a server that is reached over HTTP and accepts API keys, users and tokens. */
export const HTTP_SERVER = {
  ...ADDRESS,
  ...NAMED,
  ...API_KEY,
  ...LOGIN,
  ...TLS,
  ...COMPRESSION,
  ...NARROWING,
} as const satisfies SinkSettings['properties'];
