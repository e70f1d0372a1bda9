/** The environment, read here and nowhere else. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function environment(): Environment {
  return process.env;
}

/** `PORTLOG_<TYPE>_<NAME>`: what a kind of server is spoken to with. */
export function serverVariable(type: string, name: string): string {
  return `PORTLOG_${type.toUpperCase().replaceAll('-', '_')}_${name}`;
}

/** What nmap looks at: where programs, its data files and the user's scripts are, what it may do, and how to write. No secret of anybody's. */
const FOR_NMAP = /^(?:PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|NMAPDIR|NMAP_PRIVILEGED|NMAP_UNPRIVILEGED)$/;

/** The environment of nmap and of what it starts. */
export function nmapEnvironment(env: Environment): Environment {
  return chosen(env, (name) => FOR_NMAP.test(name));
}

/** What a service manager has given to us alone: whoever has it may speak for the service. */
const OF_THE_SERVICE = /^(?:NOTIFY_SOCKET|WATCHDOG_\w+|LISTEN_\w+)$/;

/** What any program needs to find others, and to write; nothing that could be a secret. */
const FOR_PROGRAMS = /^(?:PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR)$/;

/** The environment of a program that answers to events. */
export function programEnvironment(env: Environment): Environment {
  return chosen(env, (name) => FOR_PROGRAMS.test(name));
}

/** The environment of a command that hands out a secret, which may need anything but what is ours. */
export function commandEnvironment(env: Environment): Environment {
  return chosen(env, (name) => !name.startsWith('PORTLOG_') && !OF_THE_SERVICE.test(name));
}

/** The environment of the program that tells the service manager how we are. */
export function notifierEnvironment(env: Environment): Environment {
  return chosen(env, (name) => name === 'NOTIFY_SOCKET' || name === 'PATH');
}

function chosen(env: Environment, isWanted: (name: string) => boolean): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isWanted(name)));
}
