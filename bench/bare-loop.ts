import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from 'undici';

/** Sends, or writes, the bodies in a folder as fast as it goes, four at a time, and prints how long that took. */
const folder = process.argv[2] as string;
const target = JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8')) as
  | { readonly url: string; readonly headers: Record<string, string>; readonly caFile?: string }
  | { readonly path: string };
const bodies = readdirSync(folder)
  .filter((name) => name !== 'request.json')
  .sort()
  .map((name) => readFileSync(join(folder, name)));

const start = process.hrtime.bigint();
if ('path' in target) {
  const file = openSync(target.path, 'a');
  for (const body of bodies) writeSync(file, body);
  closeSync(file);
} else {
  const url = new URL(target.url);
  const agent = new Agent({ connections: 4, connect: target.caFile === undefined ? {} : { ca: readFileSync(target.caFile) } });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const answer = await agent.request({ origin: url.origin, path: url.pathname + url.search, method: 'POST', headers: target.headers, body });
      await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`the server answers ${answer.statusCode}`);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  await agent.close();
}
console.error(`SECONDS ${Number(process.hrtime.bigint() - start) / 1e9}`);
