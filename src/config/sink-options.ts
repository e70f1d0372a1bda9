import { systemClock } from '../core/clock.ts';
import { SINK_SETTINGS } from '../sink/kinds.ts';
import type { SettingSchema } from '../sink/settings.ts';
import { SECRETS, settingsFor } from './secret-settings.ts';

/*
 * JSON Schemas of the options that a program may pass to a sink, made from the settings of the configuration file. They differ in units, in
 * settings that a program gives in another form, and in options that only a program can have (functions, a clock).
 */

const MIB = 1 << 20;
const HOUR_MS = 3_600_000;

/** Options that have another unit than the setting in the file. */
const UNITS: readonly (readonly [option: string, setting: string, factor: number])[] = [
  ['timeoutMs', 'timeoutSeconds', 1000],
  ['rotateBytes', 'rotateMib', MIB],
  ['lifetimeMs', 'lifetimeHours', HOUR_MS],
];

/** Settings that a program gives in another form: the target, the credentials, and settings in other units. */
const OF_FILES: ReadonlySet<string> = new Set([
  'url',
  'urls',
  'path',
  'user',
  ...SECRETS.flatMap(settingsFor),
  ...UNITS.map(([, setting]) => setting),
]);

const NAMES: SettingSchema = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } };

/** Options of every sink that only programs have. */
const OF_PROGRAMS: Readonly<Record<string, SettingSchema>> = {
  namespace: {
    type: 'string',
    pattern: '^[a-z0-9_.]{1,64}$',
    $comment: 'only lower-case letters, digits, dots and underscores, at most 64',
  },
  credentials: { type: 'object', required: ['kind'], properties: { kind: { enum: ['none', 'api-key', 'bearer', 'basic'] } } },
  only: {
    type: 'object',
    additionalProperties: false,
    properties: { rules: NAMES, severity: { type: 'number', minimum: 0, maximum: 100 }, zones: NAMES, sites: NAMES },
  },
  clock: { type: 'object' },
  boundTo: NAMES,
  watchedSites: { type: 'array', items: { type: 'string' } },
  environment: { type: 'object', additionalProperties: { type: 'string' } },
  target: { type: 'string' },
  type: { type: 'string' },
};

/** JSON Schema of the options of one type of sink; undefined for an unknown type. */
export function optionsSchema(type: string): SettingSchema | undefined {
  if (!Object.hasOwn(SINK_SETTINGS, type)) return undefined;
  // Options of other types are accepted and ignored, because several types share their TypeScript type.
  const kinds = Object.values(SINK_SETTINGS).toSorted((a, b) => Number(a.type === type) - Number(b.type === type));
  const settings = new Map(kinds.flatMap(({ properties }) => Object.entries(properties)));
  const inUnits = UNITS.map(([option, setting, factor]) => [option, scaled(settings.get(setting) ?? {}, factor)] as const);
  const same = [...settings].filter(([name]) => !OF_FILES.has(name));
  return { type: 'object', additionalProperties: false, properties: { ...Object.fromEntries([...same, ...inUnits]), ...OF_PROGRAMS } };
}

function scaled(setting: SettingSchema, factor: number): SettingSchema {
  const limits = ['minimum', 'maximum'].flatMap((name) => (typeof setting[name] === 'number' ? [[name, setting[name] * factor] as const] : []));
  return { ...setting, ...Object.fromEntries(limits) };
}

/** Checks the functions among the options, which a schema cannot. Undefined when they are right. */
export function wrongOption({ credentials, clock }: Readonly<Record<string, unknown>>): string | undefined {
  const { kind, secret, user } = (credentials ?? { kind: 'none' }) as Readonly<Record<string, unknown>>;
  if (kind !== 'none' && typeof secret !== 'function') return 'credentials.secret must be a function that returns it';
  if (kind === 'basic' && typeof user !== 'string') return 'credentials.user must be a string';
  const parts = (clock ?? systemClock) as Readonly<Record<string, unknown>>;
  const missing = clock === undefined ? undefined : ['now', 'elapsed', 'sleep', 'random'].find((name) => typeof parts[name] !== 'function');
  return missing === undefined ? undefined : `clock.${missing} must be a function`;
}
