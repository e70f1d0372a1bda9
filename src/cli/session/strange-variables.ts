import { type Environment, isServerVariable, SERVER_SETTINGS, serverVariable } from '../../core/environment.ts';
import { nearest } from '../../core/nearest.ts';
import { SINK_SETTINGS } from '../../sink/kinds.ts';
import { isSwitch, type Options, variableOf } from '../option.ts';
import type { Log } from './log.ts';

const OURS = 'PORTLOG_';
/** Most warnings. */
const MAX_WARNINGS = 5;
/** Most variables, and characters, that are examined: more of them are not typing errors. */
const MAX_EXAMINED = 200;
const MAX_CHARACTERS = 80;
/** What Kubernetes sets in each container for a service whose name begins so: `PORTLOG_LOKI_SERVICE_HOST`, `PORTLOG_PORT_9464_TCP`. */
const OF_KUBERNETES = /_(?:SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+_\w+)$/;
/** Names of settings in other programs, with ours. */
const NAMES_IN_OTHER_PROGRAMS: ReadonlyMap<string, string> = new Map([
  ['TOKEN', 'BEARER'],
  ['USERNAME', 'USER'],
  ['ENDPOINT', 'URL'],
  ['HOST', 'URL'],
  ['ORG_ID', 'TENANT'],
]);

/** All names that any command reads. */
interface Known {
  readonly options: readonly string[];
  readonly servers: readonly string[];
}

/**
 * Warns about variables that look like portlog's but have no effect. Other variables that begin with `PORTLOG_` may belong to a wrapper or a
 * build. `used`: variables that the configuration file names.
 */
export async function warnOfStrangeVariables(log: Log, env: Environment, options: Options, used: ReadonlySet<string>): Promise<void> {
  warnOfTimeZone(log, env['TZ']);
  const own = new Set(Object.keys(options).map(variableOf));
  const isOurs = (name: string): boolean => name.startsWith(OURS) && name.length <= MAX_CHARACTERS && !OF_KUBERNETES.test(name);
  const names = Object.keys(env).filter((name) => isOurs(name) && !own.has(name) && !used.has(name));
  const candidates = names.slice(0, MAX_EXAMINED).filter((name) => env[name] !== '');
  // Loading all options takes a tenth of a second.
  if (candidates.every((name) => isServerVariable(name, Object.keys(SINK_SETTINGS)))) return;
  const known = await allKnown();
  const strange = candidates.filter((name) => !isRead(name, env, known)).flatMap((name) => sentence(name, known) ?? []);
  for (const text of strange.slice(0, MAX_WARNINGS)) log.warn(text);
  if (strange.length > MAX_WARNINGS) log.warn(`${strange.length - MAX_WARNINGS} more environment variables that begin with ${OURS} are not read`);
}

/** POSIX rules as in `CET-1CEST`, and paths, which the system reads. */
const NOT_A_NAME = /^:?\/|\d|^$/;

function warnOfTimeZone(log: Log, zone = ''): void {
  if (NOT_A_NAME.test(zone)) return;
  try {
    Intl.DateTimeFormat('en', { timeZone: zone.replace(/^:/, '') });
  } catch {
    log.warn(`TZ=${zone.slice(0, MAX_CHARACTERS)}: no such time zone is known here, so schedules without a timeZone and local times are in UTC`);
  }
}

async function allKnown(): Promise<Known> {
  const [{ allCommands }, { TARGETS }] = await Promise.all([import('../commands.ts'), import('../../setup/targets.ts')]);
  const options = (await allCommands()).flatMap((command) => Object.keys(command.options).map(variableOf));
  const sinks = Object.values(SINK_SETTINGS).flatMap(({ type, properties }) => ('url' in properties ? [type] : []));
  return { options: [...new Set(options)], servers: [...new Set([...sinks, ...Object.keys(TARGETS)])] };
}

/** Whether a command reads a variable. `PORTLOG_API_KEY` is a switch of setup, not a place for a key. */
function isRead(name: string, env: Environment, { options, servers }: Known): boolean {
  if (name === variableOf('api-key')) return isSwitch(env[name] ?? '');
  return options.includes(name) || isServerVariable(name, servers);
}

/** The warning for a variable; undefined when it is probably not meant for portlog. */
function sentence(name: string, known: Known): string | undefined {
  const what = `the environment variable ${name} is not read`;
  const guess =
    ofServer(name, known) ??
    withSetting(name, known) ??
    nearestOf(
      name,
      known.options.filter((one) => one !== name),
    );
  if (guess !== undefined) return `${what}: did you mean ${guess}?`;
  const server = serverIn(name, known);
  if (server !== undefined) return `${what}: for ${server} there are ${serverVariable(server, '')}${SERVER_SETTINGS.join(', _')}`;
  const setting = settingIn(name);
  if (setting === undefined || name === `${OURS}USER`) return undefined;
  return `${what}: the name of a server belongs before ${setting}, as in ${serverVariable('elasticsearch', setting)}`;
}

/** `PORTLOG_LOKI_TOKEN`: the name of a server with an unknown setting. */
function ofServer(name: string, known: Known): string | undefined {
  const server = serverIn(name, known);
  if (server === undefined) return undefined;
  const rest = name.slice(serverVariable(server, '').length);
  if (known.options.includes(OURS + rest)) return OURS + rest;
  const setting = NAMES_IN_OTHER_PROGRAMS.get(rest) ?? nearest(rest, SERVER_SETTINGS);
  return setting === undefined ? undefined : serverVariable(server, setting);
}

function serverIn(name: string, { servers }: Known): string | undefined {
  return servers.toSorted((a, b) => b.length - a.length).find((server) => name.startsWith(serverVariable(server, '')));
}

/** `PORTLOG_ELASTIC_API_KEY`: a known setting behind the beginning of a server's name, or a similar one. */
function withSetting(name: string, { servers }: Known): string | undefined {
  const setting = settingIn(name);
  const written =
    setting === undefined
      ? ''
      : name
          .slice(OURS.length, -setting.length - 1)
          .toLowerCase()
          .replaceAll('_', '-');
  if (setting === undefined || written === '') return undefined;
  const server = servers.find((one) => one.startsWith(written)) ?? nearest(written, servers);
  return server === undefined ? undefined : serverVariable(server, setting);
}

function settingIn(name: string): string | undefined {
  return SERVER_SETTINGS.toSorted((a, b) => b.length - a.length).find((one) => name.endsWith(`_${one}`));
}

/**
 * The most similar name. Compared without the common prefix, which would make all names similar, and with the same first letter, which is
 * rarely mistyped.
 */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  const rest = name.slice(OURS.length);
  const guess = nearest(
    rest,
    known.map((one) => one.slice(OURS.length)).filter((one) => one[0] === rest[0]),
  );
  return guess === undefined ? undefined : OURS + guess;
}
