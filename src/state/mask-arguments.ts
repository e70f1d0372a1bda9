import { maskArguments } from '../nmap/mask.ts';
import { optional, parsedAs, record, text } from '../core/shape.ts';
import type { SqliteHandle } from '../core/sqlite.ts';

/**
 * Arguments of scans as earlier versions kept them, in which secrets stand that were quoted or escaped. What is
 * overwritten is zeroed, so that the file does not hold it any longer.
 */
export function maskStoredArguments(handle: SqliteHandle): void {
  const before = handle.prepare('PRAGMA secure_delete').get()?.['secure_delete'];
  handle.exec('PRAGMA secure_delete = ON');
  const select = handle.prepare('SELECT run FROM scan WHERE nr = ?');
  const update = handle.prepare('UPDATE scan SET run = ? WHERE nr = ?');
  for (const { nr = null } of handle.prepare('SELECT nr FROM scan').all()) {
    const setup = parsedAs(select.get(nr)?.['run'], record({ args: optional(text) })) as { readonly args?: string } | undefined;
    // What the disk has changed nobody can read any more, and may hold one, too.
    if (setup === undefined) update.run('{"scaninfo":[]}', nr);
    if (setup?.args === undefined) continue;
    const args = maskArguments(setup.args);
    if (args !== setup.args) update.run(JSON.stringify({ ...setup, args }), nr);
  }
  handle.exec(`PRAGMA secure_delete = ${before === 1 ? 'ON' : before === 2 ? 'FAST' : 'OFF'}`);
}
