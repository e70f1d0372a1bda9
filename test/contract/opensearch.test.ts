import { describe, expect, test } from 'vitest';
import { opensearchSink } from '../../src/sink/opensearch/opensearch.ts';
import { againstServer } from '../support/against.ts';
import { faultContract } from '../support/fault-contract.ts';
import { answer, bulkFates, bulkIds, setUpRight } from '../support/scripted-server.ts';
import { NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

/* What it has in common with Elasticsearch is tested there. */

const against = againstServer('opensearch', opensearchSink);

describe('the contract', () =>
  sinkContract(async () => {
    const { sink } = await against((seen, response) => {
      const { body, path } = seen;
      if (setUpRight(seen, response)) return;
      expect(path).not.toContain('require_data_stream');
      answer(
        response,
        200,
        bulkFates(body, () => ({ status: 201 })),
      );
    });
    return sink;
  }));

describe('check', () => {
  const plain = { 'x-elastic-product': '' };
  test.each([
    ['Elasticsearch', { version: { number: '9.4.3' } }, { 'x-elastic-product': 'Elasticsearch' }, 'is Elasticsearch 9.4.3, not OpenSearch'],
    ['something else', { hello: 1 }, plain, 'is not OpenSearch'],
    ['an old one', { version: { number: '2.4.0', distribution: 'opensearch' } }, plain, 'needs 2.7 or newer'],
    ['a good one', { version: { number: '3.8.0', distribution: 'opensearch' } }, plain, 'OpenSearch 3.8.0 at http'],
  ])('%s', async (_, about, headers, message) => {
    const { sink } = await against(({ path }, response) => answer(response, 200, path === '/' ? about : {}, headers));
    expect((await sink.check(NEVER))[0]?.message).toContain(message);
  });

  test('no template', async () => {
    const { sink } = await against(({ path }, response) =>
      answer(response, path === '/' ? 200 : 404, { version: { number: '3.8.0', distribution: 'opensearch' } }, plain),
    );
    expect((await sink.check(NEVER)).slice(1).map(({ level, hint }) => [level, hint])).toEqual([
      ['error', expect.stringMatching(/^run: portlog setup opensearch --url http:\/\/127\.0\.0\.1:\d+$/)],
    ]);
  });
});

describe('through a pipeline', () => {
  faultContract({
    aside: setUpRight,
    open: (url) => opensearchSink(sinkOptions('opensearch', { target: url.href, timeoutMs: 300 })),
    ids: ({ body }) => bulkIds(body),
    accept: (seen, response, stored) =>
      answer(
        response,
        200,
        bulkFates(seen.body, (id) => (stored.has(id) ? { status: 409, error: { type: 'version_conflict' } } : { status: 201 })),
      ),
  });
});
