import { portlog } from '../support/run-portlog.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { type SecondStore, startSecondStore } from './second-store.ts';

/** A real Elasticsearch, set up, and a second real store, with what portlog needs in its environment to ship to both. */
export interface BothServers {
  readonly elasticsearch: ElasticsearchServer;
  readonly second: SecondStore;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startBoth(): Promise<BothServers> {
  const [elasticsearch, second] = await Promise.all([startElasticsearch(), startSecondStore()]);
  const env = {
    PORTLOG_ELASTICSEARCH_USER: 'admin',
    PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD,
    PORTLOG_CA_FILE: elasticsearch.caFile,
    ...second.env,
  };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  return {
    elasticsearch,
    second,
    env,
    async stop() {
      await Promise.all([elasticsearch.stop(), second.stop()]);
    },
  };
}
