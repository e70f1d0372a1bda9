/** The environment, read here and nowhere else. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function environment(): Environment {
  return process.env;
}

/** `PORTLOG_<TYPE>_<NAME>`: what a kind of server is spoken to with. */
export function serverVariable(type: string, name: string): string {
  return `PORTLOG_${type.toUpperCase().replaceAll('-', '_')}_${name}`;
}
