import { expect, test } from 'vitest';
import { jsonIn } from '../../src/sink/transport/answer.ts';

/* What JSON.parse makes of these takes up to sixty times the memory of the text. */
test.for<readonly [string, string]>([
  ['objects', `{"partialSuccess":{},"x":[${'{},'.repeat(200_000)}{}]}`],
  ['arrays', `[${'[],'.repeat(200_000)}[]]`],
  ['numbers', `[${'1,'.repeat(300_000)}1]`],
  ['names', `{${Array.from({ length: 200_000 }, (_, i) => `"${i}":1`).join(',')}}`],
])('an answer of very many %s is unknown', ([, body]) => {
  expect(jsonIn(body)).toBeUndefined();
});

test('an answer to as many events as are sent at once, each refused with two reasons, is read', () => {
  const reason = {
    type: 'mapper_parsing_exception',
    reason: 'a: b, c [d] {e}',
    caused_by: { type: 'x', reason: 'y', caused_by: { type: 'z', reason: ',:[{' } },
  };
  const items = Array.from({ length: 2000 }, (_, i) => ({
    create: { _index: 'logs-nmap.port-default', _id: String(i), _version: 1, status: 400, _seq_no: i, error: { ...reason, root_cause: [reason] } },
  }));
  const answer = { took: 1, errors: true, items };
  expect(jsonIn(JSON.stringify(answer))).toEqual(answer);
});

test('what stands in strings is no value', () => {
  expect(jsonIn(JSON.stringify({ reason: ',:[{'.repeat(100_000) }))).toEqual({ reason: ',:[{'.repeat(100_000) });
});
