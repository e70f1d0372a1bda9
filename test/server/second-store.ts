import { hasLoki, startLoki } from './loki.ts';
import { startVictoriaLogs } from './victorialogs.ts';

/** An event as the store has it. */
interface StoredEvent {
  readonly id: string;
  readonly dataset: string;
  readonly message: string;
}

/** What stands beside Elasticsearch and takes Loki's push: a Loki where there is one, else VictoriaLogs. */
export interface SecondStore {
  /** For `--to`. */
  readonly to: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether what is sent twice is kept once. */
  readonly dedups: boolean;
  /** All of a site but what portlog tells of itself. */
  events(site: string): Promise<readonly StoredEvent[]>;
  /** How many these are. */
  count(site: string): Promise<number>;
  stop(): Promise<void>;
}

export function startSecondStore(): Promise<SecondStore> {
  return hasLoki ? loki() : victoriaLogs();
}

async function loki(): Promise<SecondStore> {
  const server = await startLoki();
  const tenant = server.tenant('fast');
  const selector = (site: string): string => `{service_name="portlog", site="${site}", dataset!="nmap.health"}`;
  return {
    to: `loki=${server.url}`,
    env: { PORTLOG_LOKI_TENANT: tenant },
    dedups: true,
    async events(site) {
      // Of the line the message only: an answer can hold so much.
      const all = await server.entries(tenant, `${selector(site)} | json message="message" | line_format "{{.message}}"`);
      return all.map(({ stream, line }) => ({ id: stream['event_id'] ?? '', dataset: stream['dataset'] ?? '', message: line }));
    },
    count: (site) => server.value(tenant, `sum(count_over_time(${selector(site)}[1h]))`),
    stop: () => server.stop(),
  };
}

async function victoriaLogs(): Promise<SecondStore> {
  const server = await startVictoriaLogs();
  const selector = (site: string): string => `{service_name="portlog", site="${site}"} dataset:!="nmap.health"`;
  return {
    to: `loki=${server.lokiUrl}`,
    env: {},
    dedups: false,
    async events(site) {
      const all = await server.query(`${selector(site)} | fields event_id, dataset, _msg`);
      return all.map(({ event_id = '', dataset = '', _msg = '' }) => ({ id: event_id, dataset, message: _msg }));
    },
    count: async (site) => Number((await server.query(`${selector(site)} | stats count() n`))[0]?.['n']),
    stop: () => server.stop(),
  };
}
