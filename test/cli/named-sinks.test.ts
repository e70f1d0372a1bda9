import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { SCAN } from '../support/mistyped.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';

/* Several destinations at one address, which headers tell apart. */

let server: Awaited<ReturnType<typeof scriptedServer>> | undefined;
afterEach(async () => server?.stop());

/** A collector of two customers; events of whoever is in `down` are not taken. */
async function collector(): Promise<{
  readonly down: Set<string>;
  readonly folder: string;
  readonly url: string;
  readonly idsOf: (tenant: string) => readonly string[];
}> {
  const down = new Set<string>();
  const taken: { readonly tenant: string; readonly id: string }[] = [];
  server = await scriptedServer(({ method, headers, body }, response) => {
    const tenant = String(headers['x-tenant']);
    if (method === 'POST' && down.has(tenant)) return answer(response, 503, {});
    for (const line of method === 'POST' ? body.trim().split('\n') : []) taken.push({ tenant, id: JSON.parse(line).event.id });
    answer(response, 200, {});
  });
  const folder = freshDir();
  const url = `${server.url.origin}/nmap`;
  const sink = (name: string): string => `{ type: http, name: customer-${name}, url: "${url}", headers: { x-tenant: ${name} } }`;
  writeFileSync(join(folder, 'portlog.yaml'), `sinks: [${sink('a')}, ${sink('b')}]\nstateDir: ${folder}/state\nretryForSeconds: 0\n`);
  return { down, folder, url, idsOf: (tenant) => taken.filter((one) => one.tenant === tenant).map(({ id }) => id) };
}

const run = (folder: string, ...args: readonly string[]): ReturnType<typeof portlogHere> =>
  portlogHere([...args, '--config', join(folder, 'portlog.yaml')]);

test('each gets all events with its own header; waiting events go to their own one', async () => {
  const { down, folder, idsOf } = await collector();
  down.add('b');
  expect(await run(folder, SCAN)).toMatchObject({ code: 5 });
  const ids = idsOf('a');
  expect([new Set(ids).size, idsOf('b')]).toEqual([ids.length, []]);
  const listed = (await portlogHere(['replay', '--list', '--config', join(folder, 'portlog.yaml')])).stdout;
  expect(listed).toContain('(name=customer-b)');
  down.clear();
  expect(await portlogHere(['replay', '--config', join(folder, 'portlog.yaml')])).toMatchObject({ code: 0 });
  expect(idsOf('a').length).toBe(ids.length);
  // One event of the run itself is of each.
  expect(ids.filter((id) => !idsOf('b').includes(id)).length).toBeLessThanOrEqual(1);
  const again = await run(folder, SCAN);
  for (const name of ['a', 'b']) expect(again.stderr).toMatch(new RegExp(`\\(name=customer-${name}\\): read \\d+ = delivered 0 \\+ already [1-9]`));
});

test('a sink can be named on the command line; an address of several sinks is refused', async () => {
  const { folder, url, idsOf } = await collector();
  expect(await run(folder, SCAN, '--to', 'customer-b')).toMatchObject({ code: 0 });
  expect([idsOf('a').length, idsOf('b').length > 0]).toEqual([0, true]);
  const { code, stderr } = await run(folder, SCAN, '--to', `http=${url}`);
  expect([code, stderr]).toEqual([2, expect.stringContaining('choose one by its name: --to customer-a, --to customer-b')]);
  const ofType = await run(folder, SCAN, '--to', 'http');
  expect([ofType.code, ofType.stderr]).toEqual([
    2,
    expect.stringMatching(
      /--to http: 2 sinks of the configuration file are of this type\n.* choose one by its name: --to customer-a, --to customer-b;/,
    ),
  ]);
  // Somewhere else is another destination, and has no name.
  const elsewhere = await run(folder, SCAN, '--to', 'http=http://127.0.0.1:1/');
  expect(elsewhere.stderr).toContain('http http://127.0.0.1:1:');
});

test('without its sink in the configuration its headers are unknown: nothing is sent', async () => {
  const { down, folder, idsOf, url } = await collector();
  down.add('b');
  await run(folder, SCAN);
  down.clear();
  const { code, stderr } = await portlogHere(['replay', '--state-dir', join(folder, 'state')]);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining(`events wait for http ${url} (name=customer-b), and the configuration has no such sink`),
  ]);
  expect([idsOf('b'), idsOf('undefined')]).toEqual([[], []]);
  // Moved to the other one, which has them already.
  const from = ['--from', `http=${url} (name=customer-b)`, '--to', 'customer-a'];
  expect(await portlogHere(['replay', ...from, '--config', join(folder, 'portlog.yaml')])).toMatchObject({ code: 0 });
  expect(idsOf('b')).toEqual([]);
  expect(new Set(idsOf('a')).size).toBe(idsOf('a').length);
});
