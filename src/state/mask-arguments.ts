import { maskArguments } from '../nmap/mask.ts';
import { optional, parsedAs, record, text } from '../core/shape.ts';
import type { SqliteHandle } from '../core/sqlite.ts';

/** Masks stored arguments again: earlier versions did not mask quoted or escaped secrets. Overwritten data is zeroed in the file. */
export function maskStoredArguments(handle: SqliteHandle): void {
  const before = handle.prepare('PRAGMA secure_delete').get()?.['secure_delete'];
  handle.exec('PRAGMA secure_delete = ON');
  const select = handle.prepare('SELECT run FROM scan WHERE nr = ?');
  const update = handle.prepare('UPDATE scan SET run = ? WHERE nr = ?');
  for (const { nr = null } of handle.prepare('SELECT nr FROM scan').all()) {
    const setup = parsedAs(select.get(nr)?.['run'], record({ args: optional(text) })) as { readonly args?: string } | undefined;
    // Damaged arguments may contain a secret, too.
    if (setup === undefined) update.run('{"scaninfo":[]}', nr);
    if (setup?.args === undefined) continue;
    const args = maskArguments(setup.args);
    if (args !== setup.args) update.run(JSON.stringify({ ...setup, args }), nr);
  }
  handle.exec(`PRAGMA secure_delete = ${before === 1 ? 'ON' : before === 2 ? 'FAST' : 'OFF'}`);
}
