/**
 * `node:sqlite` without the warning that Node 22 prints for it ("SQLite is an experimental feature"): standard error is read
 * by people and programs. Other warnings pass.
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
