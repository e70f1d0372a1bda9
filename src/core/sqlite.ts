/**
 * `node:sqlite`, without the line that Node 22 prints to stderr for it ("SQLite is an experimental feature"):
 * what portlog says there is read by people and programs. Any other warning passes.
 */
export const { DatabaseSync } = quietly(() => process.getBuiltinModule('node:sqlite'));

export type SqliteHandle = InstanceType<typeof DatabaseSync>;

function quietly<T>(load: () => T): T {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).includes('SQLite is an experimental feature')) Reflect.apply(emitWarning, undefined, [warning, ...rest]);
  };
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
