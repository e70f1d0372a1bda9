import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeLoki, startFakeLoki } from '../support/fake-loki.ts';

/* That the stand-in answers, keeps and loses as a real Loki 3.7 was measured to: nothing that it proves is worth more than this. */

let loki: FakeLoki;
let runs = 0;
beforeAll(async () => {
  loki = await startFakeLoki();
});
afterAll(() => loki.stop());

const HOUR_MS = 3_600_000;
const now = Date.now();
const value = (line: string, at = now, metadata?: object): unknown[] => [`${at}000000`, line, ...(metadata === undefined ? [] : [metadata])];
const stream = (labels: object, ...values: unknown[]): object => ({ stream: labels, values });
const many = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

async function push(
  streams: unknown,
  {
    tenant = `t${++runs}`,
    type = 'application/json',
    encoding = '',
    body = JSON.stringify({ streams }),
  }: { tenant?: string; type?: string; encoding?: string; body?: string | Buffer } = {},
): Promise<{
  status: number;
  text: string;
  stored: readonly string[];
}> {
  const headers = {
    'content-type': type,
    ...(tenant === '' ? {} : { 'x-scope-orgid': tenant }),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  };
  const answer = await fetch(`${loki.url}/loki/api/v1/push`, { method: 'POST', body, headers });
  expect(answer.headers.get('retry-after')).toBeNull();
  const stored = (await loki.entries(tenant)).map(({ line }) => line.slice(0, 5)).toSorted();
  return { status: answer.status, text: await answer.text(), stored };
}

const GOOD = value('good');

describe('what Loki answers, and what it has stored then', () => {
  test.for([
    ['all is well', [stream({ a: 'b' }, GOOD)], 204, ['good']],
    ['no streams', [], 422, []],
    ['no labels', [stream({}, GOOD)], 204, ['good']],
    ['a label name with a dot', [stream({ 'a.b': 'c' }, GOOD)], 400, []],
    ['a label name with a digit first', [stream({ '1a': 'c' }, GOOD)], 400, []],
    ['a number as time', [stream({ a: 'b' }, [now * 1e6, 'x'])], 400, []],
    ['a number in the metadata', [stream({ a: 'b' }, value('x', now, { n: 1 }))], 400, []],
    ['older than a week', [stream({ a: 'b' }, GOOD, value('old', now - 169 * HOUR_MS))], 400, ['good']],
    ['newer than in ten minutes', [stream({ a: 'b' }, GOOD, value('new', now + HOUR_MS))], 400, ['good']],
    ['an hour behind its stream', [stream({ a: 'b' }, GOOD, value('late', now - 2 * HOUR_MS))], 400, ['good']],
    ['a line over 256 KiB', [stream({ a: 'b' }, GOOD, value('long '.repeat(60_000)))], 400, ['good']],
    ['16 labels', [stream(many(16), GOOD), stream({ a: 'b' }, value('other'))], 400, ['other']],
    ['a label value over 2 KiB', [stream({ a: 'x'.repeat(2049) }, GOOD)], 400, []],
    ['129 metadata', [stream({ a: 'b' }, GOOD, value('much', now, many(129)))], 400, ['good']],
    ['64 KB of metadata', [stream({ a: 'b' }, GOOD, value('much', now, { m: 'x'.repeat(70_000) }))], 400, ['good']],
    ['over 4 MiB', [stream({ a: 'b' }, ...Array.from({ length: 20 }, () => value('y'.repeat(230_000))))], 500, []],
    ['the same twice', [stream({ a: 'b' }, GOOD, GOOD)], 204, ['good']],
    ['the same with other metadata', [stream({ a: 'b' }, GOOD, value('good', now, { m: '1' }))], 204, ['good', 'good']],
  ] as const)('%s', async ([, streams, status, stored]) => {
    const answer = await push(streams);
    expect([answer.status, answer.stored]).toEqual([status, [...stored]]);
  });

  test.for([
    ['no tenant', { tenant: '' }, 401],
    ['two tenants', { tenant: 'a|b' }, 400],
    ['as text', { type: 'text/plain' }, 400],
    ['zstd', { encoding: 'zstd' }, 400],
    ['a bad gzip', { encoding: 'gzip', body: 'no gzip' }, 400],
    ['a good one', { encoding: 'gzip', body: gzipSync(JSON.stringify({ streams: [stream({ a: 'b' }, GOOD)] })) }, 204],
  ] as const)('%s', async ([, how, status]) => {
    expect((await push([stream({ a: 'b' }, GOOD)], how)).status).toBe(status);
  });

  test('a stream that is too fast, or one too many: 429, and the other streams are there', async () => {
    const big = Array.from({ length: 30 }, (_, i) => value(`${'f'.repeat(1000)}${i}`));
    const fast = await push([stream({ a: '1' }, value('other')), stream({ a: '2' }, ...big)], { tenant: 'slow-stream' });
    expect([fast.status, fast.stored[0] === 'fffff', fast.stored.at(-1)]).toEqual([429, true, 'other']);
    const more = await push([stream({ a: '1' }, GOOD), stream({ a: '2' }, value('never'))], { tenant: 'few-streams' });
    expect([more.status, more.stored]).toEqual([429, ['good']]);
  });

  test('a tenant that is too fast: 429, and nothing is there', async () => {
    const streams = [stream({ a: 'b' }, ...Array.from({ length: 60 }, (_, i) => value(`${'f'.repeat(1000)}${i}`)))];
    const answer = await push(streams, { tenant: 'slow-tenant' });
    expect([answer.status, answer.stored]).toEqual([429, []]);
  });

  test('silent loss: an error of a stream is reported for the last one only', async () => {
    const tenant = 'silent';
    await push([stream({ a: 'b' }, GOOD)], { tenant });
    const late = value('late', now - 2 * HOUR_MS);
    const answer = await push([stream({ a: 'b' }, late), stream({ c: 'd' }, value('last'))], { tenant });
    expect([answer.status, answer.stored]).toEqual([204, ['good', 'last']]);
    expect((await push([stream({ c: 'd' }, value('first')), stream({ a: 'b' }, late)], { tenant })).status).toBe(400);
  });
});
