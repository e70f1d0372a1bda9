import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installVictoriaLogs } from './install/victorialogs.ts';
import { freePort } from './ports.ts';
import { startServer } from './start-server.ts';
import { answers, ready } from './ready.ts';

/** A record as it was stored: every value is a text, lists are JSON. */
type Stored = Readonly<Record<string, string>>;

/** A real VictoriaLogs on loopback, with data of its own that goes with it. It keeps what it gets twice twice. */
export interface VictoriaLogsServer {
  readonly url: string;
  /** For `--to loki=`: its push API of Loki's kind. */
  readonly lokiUrl: string;
  /** For `--to otlp=`. */
  readonly otlpUrl: string;
  /** For `--to http=`: lines of JSON. */
  readonly jsonUrl: string;
  /** For `--to syslog=`. */
  readonly syslogUrl: string;
  /** What LogsQL gives, when all that was sent can be seen. */
  query(query: string): Promise<readonly Stored[]>;
  stop(): Promise<void>;
}

export async function startVictoriaLogs(): Promise<VictoriaLogsServer> {
  const program = await installVictoriaLogs();
  const base = mkdtempSync(join(tmpdir(), 'portlog-victoria-logs-'));
  const [port, syslog] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `-storageDataPath=${base}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    `-syslog.listenAddr.tcp=127.0.0.1:${syslog}`,
    // By default it drops what is older than a week, and says 204.
    '-retentionPeriod=100y',
  ];
  const child = startServer(program, args, { stdio: 'ignore' });
  await ready('VictoriaLogs', () => answers(`${url}/health`), child);
  return {
    url,
    lokiUrl: `${url}/insert?_msg_field=message`,
    otlpUrl: `${url}/insert/opentelemetry`,
    jsonUrl: `${url}/insert/jsonline?_msg_field=message&_time_field=@timestamp&_stream_fields=event.dataset`,
    syslogUrl: `tcp://127.0.0.1:${syslog}`,
    query: (query) => ask(url, query),
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(base, { recursive: true, force: true });
    },
  };
}

async function ask(url: string, query: string): Promise<readonly Stored[]> {
  await fetch(`${url}/internal/force_flush`);
  const answer = await fetch(`${url}/select/logsql/query`, { method: 'POST', body: new URLSearchParams({ query }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Stored]));
}
