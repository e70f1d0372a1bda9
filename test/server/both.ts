import { portlog } from '../support/run-portlog.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { type LokiServer, startLoki } from './loki.ts';

/** A Loki tenant without limits. */
export const TENANT = 'fast';

/** A real Elasticsearch, set up, and a real Loki, with what portlog needs in its environment to ship to both. */
export interface BothServers {
  readonly elasticsearch: ElasticsearchServer;
  readonly loki: LokiServer;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startBoth(): Promise<BothServers> {
  const [elasticsearch, loki] = await Promise.all([startElasticsearch(), startLoki()]);
  const env = {
    PORTLOG_ELASTICSEARCH_USER: 'admin',
    PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD,
    PORTLOG_CA_FILE: elasticsearch.caFile,
    PORTLOG_LOKI_TENANT: TENANT,
  };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  return {
    elasticsearch,
    loki,
    env,
    async stop() {
      await Promise.all([elasticsearch.stop(), loki.stop()]);
    },
  };
}
