import { shipStories } from '../alerts/ship.ts';
import { portlog } from '../support/run-portlog.ts';
import { type AlertmanagerServer, startAlertmanager } from './alertmanager.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { hasLoki, type LokiServer, ownsLoki, startLoki } from './loki.ts';

/** An Elasticsearch, and a Loki where there is one, that hold the stories of the alert rules. */
export interface StoryStores {
  readonly elasticsearch: ElasticsearchServer;
  readonly loki: LokiServer | undefined;
  /** Of Loki, with its own limits. */
  readonly tenant: string;
  /** Behind a Loki of ours. */
  readonly alertmanager: AlertmanagerServer | undefined;
  /** What ships into both: options and environment. */
  readonly to: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startStoryStores(): Promise<StoryStores> {
  const alertmanager = ownsLoki ? await startAlertmanager() : undefined;
  const [elasticsearch, loki] = await Promise.all([startElasticsearch(), hasLoki ? startLoki(alertmanager?.url) : undefined]);
  const tenant = loki?.tenant('stories') ?? '';
  const to = ['--to', `elasticsearch=${elasticsearch.url}`, ...(loki === undefined ? [] : ['--to', `loki=${loki.url}`])];
  const env = {
    PORTLOG_ELASTICSEARCH_USER: 'admin',
    PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD,
    PORTLOG_CA_FILE: elasticsearch.caFile,
    PORTLOG_LOKI_TENANT: tenant,
  };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  await shipStories(to, env);
  await elasticsearch.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  const stop = async (): Promise<void> => {
    await Promise.all([elasticsearch.stop(), loki?.stop()]);
    await alertmanager?.stop();
  };
  return { elasticsearch, loki, tenant, alertmanager, to, env, stop };
}
