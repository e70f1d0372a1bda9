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

/** The environment of a command that hands out a secret, which may need anything but what is ours. */
export function commandEnvironment(env: Environment): Environment {
  return chosen(env, (name) => !name.startsWith('PORTLOG_'));
}

function chosen(env: Environment, isWanted: (name: string) => boolean): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isWanted(name)));
}
