import { userInfo } from 'node:os';

/** The process environment. `process.env` is read here and nowhere else. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A copy: each look into `process.env` takes a walk through all of it. */
export function environment(): Environment {
  return { ...process.env };
}

/** The user and group of this process. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined on systems without user ids. Not `os.userInfo`, which throws for a user without a name, as in containers. */
export function self(): ProcessUser | undefined {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** The home directory of this user as the system knows it, whatever `HOME` says; undefined for a user without an entry. */
export function homeFolder(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** `PORTLOG_<TYPE>_<NAME>`: a setting for one type of server. */
export function serverVariable(type: string, name: string): string {
  return `PORTLOG_${type.toUpperCase().replaceAll('-', '_')}_${name}`;
}

const SECRETS = ['API_KEY', 'BEARER', 'PASSWORD'].flatMap((name) => [name, `${name}_FILE`, `${name}_COMMAND`]);

/** What may stand behind the type of a server in the name of such a variable. */
export const SERVER_SETTINGS: readonly string[] = [...SECRETS, 'USER', 'URL', 'TENANT', 'CERT_FILE', 'KEY_FILE', 'ALLOW_PLAINTEXT'];

/** Whether it is a setting of a server of one of these types. */
export function isServerVariable(name: string, types: readonly string[]): boolean {
  return types.some((type) => SERVER_SETTINGS.some((setting) => serverVariable(type, setting) === name));
}

/** Variables that nmap reads: paths, its data directory, privileges, locale. None holds a secret. */
const FOR_NMAP = /^(?:PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|NMAPDIR|NMAP_PRIVILEGED|NMAP_UNPRIVILEGED)$/;

/** The environment for nmap and its children. */
export function nmapEnvironment(env: Environment): Environment {
  return chosen(env, (name) => FOR_NMAP.test(name));
}

/** systemd's variables for the service itself: a child that has them could report its state to systemd. */
const OF_THE_SERVICE = /^(?:NOTIFY_SOCKET|WATCHDOG_\w+|LISTEN_\w+)$/;

/** `PATH` for the program of an `exec` sink, whoever has started portlog. */
export const SYSTEM_PATH: readonly string[] = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What any program needs; nothing that could be a secret. */
const FOR_PROGRAMS = /^(?:HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR)$/;

/** The environment for the program of an `exec` sink. `isTrusted`: whether a directory stays in `PATH`. */
export function programEnvironment(env: Environment, isTrusted: (folder: string) => boolean = () => true): Environment {
  return { ...chosen(env, (name) => FOR_PROGRAMS.test(name)), PATH: SYSTEM_PATH.filter(isTrusted).join(':') };
}

/** The environment for a command that prints a secret: everything but portlog's own variables. */
export function commandEnvironment(env: Environment): Environment {
  return chosen(env, (name) => !name.startsWith('PORTLOG_') && !OF_THE_SERVICE.test(name));
}

/** The environment for systemd-notify. */
export function notifierEnvironment(env: Environment): Environment {
  return chosen(env, (name) => name === 'NOTIFY_SOCKET' || name === 'PATH');
}

function chosen(env: Environment, isWanted: (name: string) => boolean): Environment {
  const names = Object.keys(env).filter(isWanted);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
