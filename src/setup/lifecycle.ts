import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { boolean, listOf, nullable, record, text } from '../core/shape.ts';
import { answeredAs, done, isWithoutPlugin } from './ask.ts';
import { notice, type Step } from './step.ts';

const STREAMS = '/_data_stream/logs-nmap.*/_lifecycle';

/**
 * The retention of existing data streams in Elasticsearch: the template only applies to new ones.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-put-data-lifecycle
 */
export async function planLifecycle(client: HttpClient, days: number, signal: AbortSignal): Promise<readonly Step[]> {
  const request: HttpRequest = { method: 'GET', path: STREAMS };
  const answer = await client.request(request, signal);
  if (answer.status === 404) return [];
  if (isWithoutPlugin(answer)) return [notice('skipped', 'retention of the data streams that exist: this server has no data stream lifecycle')];
  const { data_streams: streams } = answeredAs(client, request, answer, STREAM_LIST);
  return streams
    .filter(({ lifecycle }) => lifecycle?.data_retention !== `${days}d` || lifecycle.enabled === false)
    .map(({ name }) => {
      const put: HttpRequest = { method: 'PUT', path: `/_data_stream/${name}/_lifecycle`, body: JSON.stringify({ data_retention: `${days}d` }) };
      return {
        what: `data stream ${name}: events are deleted after ${days} days`,
        action: 'update',
        request: put,
        apply: (during) => done(client, put, during),
      };
    });
}

const LIFECYCLE = record({ data_retention: nullable(text), enabled: nullable(boolean) });
const STREAM_LIST = record({ data_streams: listOf(record({ name: text, lifecycle: nullable(LIFECYCLE) })) });
