import type { Config, SinkConfig } from '../../config/config.ts';
import type { Environment } from '../../core/environment.ts';
import { whoElseWrites } from '../../config/trust.ts';
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

/** Files that determine what portlog does: configuration, secrets, certificates. */
export function filesOfTrust({ sinks = [], exposure }: Config, env: Environment): readonly string[] {
  const named = sinks.flatMap((sink) => FILES_OF_A_SINK.map((name) => sink[name]));
  // The program, and scripts among its arguments.
  const run = sinks.flatMap(({ command = [] }) => command.filter((word) => word.startsWith('/')));
  const inEnvironment = Object.entries(env).map(([name, path]) => (/^PORTLOG_.*_FILE$/.test(name) ? path : undefined));
  return [exposure, ...named, ...run, ...inEnvironment].filter((path) => path !== undefined && path !== '') as readonly string[];
}

/** Refuses such files as root when others may change them, and warns otherwise; once per file. */
export class Trust {
  private readonly told = new Set<string>();
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  check(what: string, path: string): void {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    if (uid === undefined || gid === undefined || this.told.has(path)) return;
    this.told.add(path);
    const doubt = whoElseWrites(path, { uid, gid });
    if (doubt === undefined) return;
    const hint = 'let it belong to root or to the user of portlog, and nobody else write it; or run portlog as the user whose it is';
    if (uid === 0) throw new PortlogError('untrusted', `${what} ${path} ${doubt}, and portlog runs as root`, { hint });
    this.log.warn(`${what} ${path} ${doubt}, who could make portlog do what they want`);
  }
}
