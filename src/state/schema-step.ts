import type { SqliteHandle } from '../core/sqlite.ts';

/** SQL, or a function for what SQL cannot do. Runs in the migration's transaction. */
export type SchemaStep = string | ((handle: SqliteHandle) => void);
