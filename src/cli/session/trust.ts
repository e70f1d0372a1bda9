import { existsSync } from 'node:fs';
import type { Config, SinkConfig } from '../../config/config.ts';
import { PROGRAM_FOLDER } from '../../core/child.ts';
import { type Environment, SYSTEM_PATH } from '../../core/environment.ts';
import { whoElseHolds, whoElseMakes, whoElseWrites } from '../../config/trust.ts';
import { type Lookup, whatRuns } from '../../config/what-runs.ts';
import { self } from '../../core/environment.ts';
import { PortlogError } from '../../core/errors.ts';
import type { Log } from './log.ts';

const FILES_OF_A_SINK = [
  'apiKeyFile',
  'passwordFile',
  'bearerFile',
  'keyFile',
  'certFile',
  'caFile',
] as const satisfies readonly (keyof SinkConfig)[];

const COMMANDS_OF_A_SINK = ['apiKeyCommand', 'passwordCommand', 'bearerCommand'] as const satisfies readonly (keyof SinkConfig)[];

/** Files that determine what portlog does: configuration, secrets, certificates. */
export function filesOfTrust({ sinks = [], exposure }: Config, env: Environment): readonly string[] {
  const named = sinks.flatMap((sink) => FILES_OF_A_SINK.map((name) => sink[name]));
  const inEnvironment = namedIn(env, '_FILE').map((name) => env[name]);
  return [exposure, ...named, ...inEnvironment].filter((path) => path !== undefined && path !== '') as readonly string[];
}

/** Programs that run as this user: those of `exec` sinks, and commands that print secrets. Some of the files may not exist. */
export function programsOfTrust({ sinks = [] }: Config, env: Environment): readonly string[] {
  const answering = sinks.flatMap(({ command = [] }) => whatRuns(command, { path: SYSTEM_PATH, folder: PROGRAM_FOLDER }));
  const inEnvironment = namedIn(env, '_COMMAND').map((name) => env[name]?.split(' '));
  const handing = [...sinks.flatMap((sink) => COMMANDS_OF_A_SINK.map((name) => sink[name])), ...inEnvironment];
  return [...answering, ...handing.flatMap((command) => whatRuns(command ?? [], ofShell(env)))];
}

function namedIn(env: Environment, end: string): readonly string[] {
  return Object.keys(env).filter((name) => name.startsWith('PORTLOG_') && name.endsWith(end));
}

/** Lookup as in the user's shell. */
export function ofShell(env: Environment): Lookup {
  return { path: (env['PATH'] ?? '').split(':').filter((folder) => folder !== ''), folder: process.cwd() };
}

/** Checks files that others may change: refuses them as root, and warns otherwise; once per file. */
export class Trust {
  private readonly checked = new Set<string>();
  private readonly future = new Set<string>();
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  /** Checks an existing file. When it is missing, whoever reads it reports that. */
  check(what: string, path: string): void {
    this.reportRisk(what, path, whoElseWrites);
  }

  /** Checks a directory that portlog may create; {@link checkMade} follows when it exists. */
  checkHeld(what: string, path: string): void {
    if (!existsSync(path)) this.future.add(path);
    this.reportRisk(what, path, whoElseHolds);
  }

  /** Checks that a directory that was created is still ours. */
  checkMade(what: string, path: string): void {
    if (!this.future.delete(path)) return;
    this.checked.delete(path);
    this.reportRisk(what, path, whoElseWrites);
  }

  /** Checks a file that may not exist yet, so that another user could create it. */
  checkFuture(what: string, path: string): void {
    this.reportRisk(what, path, whoElseMakes);
  }

  private reportRisk(what: string, path: string, riskOf: typeof whoElseWrites): void {
    const us = self();
    if (us === undefined || this.checked.has(path)) return;
    this.checked.add(path);
    const risk = riskOf(path, us);
    if (risk === undefined) return;
    const hint = 'make root or the user of portlog its owner, writable by nobody else; or run portlog as its owner';
    if (us.uid === 0) throw new PortlogError('untrusted', `${what} ${path} ${risk}, and portlog runs as root`, { hint });
    this.log.warn(`${what} ${path} ${risk}, who could make portlog do what they want`);
  }
}
