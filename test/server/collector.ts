import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCollector } from './install/collector.ts';
import { freePort } from './ports.ts';
import { answers, ready } from './ready.ts';
import { settled } from './settled.ts';
import { startServer } from './start-server.ts';

/** A real OpenTelemetry Collector on loopback that writes what it gets. */
export interface CollectorServer {
  readonly url: string;
  /** Requests as it has written them, in OTLP's JSON, when it has written all. */
  requests(): Promise<readonly any[]>;
  stop(): Promise<void>;
}

export async function startCollector(): Promise<CollectorServer> {
  const port = await freePort();
  const receivers = { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } };
  return { url: `http://127.0.0.1:${port}`, ...(await startCollectorWith(receivers)) };
}

type Parts = Readonly<Record<string, object>>;

/** With receivers as its configuration has them, all into one pipeline; it writes to a file, unless there are other exporters. */
export async function startCollectorWith(receivers: Parts, exporters?: Parts, extensions: Parts = {}): Promise<Omit<CollectorServer, 'url'>> {
  const program = await installCollector();
  const base = mkdtempSync(join(tmpdir(), 'portlog-collector-'));
  const healthPort = await freePort();
  const file = join(base, 'logs.jsonl');
  const into = exporters ?? { file: { path: file, flush_interval: '100ms' } };
  const config = join(base, 'collector.yaml');
  writeFileSync(
    config,
    `
extensions: ${JSON.stringify({ health_check: { endpoint: `127.0.0.1:${healthPort}` }, ...extensions })}
receivers: ${JSON.stringify(receivers)}
exporters: ${JSON.stringify(into)}
service:
  extensions: ${JSON.stringify(['health_check', ...Object.keys(extensions)])}
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: ${JSON.stringify(Object.keys(receivers))}, exporters: ${JSON.stringify(Object.keys(into))} } }
`,
  );
  const child = startServer(program, ['--config', config], { stdio: 'ignore' });
  await ready('the Collector', () => answers(`http://127.0.0.1:${healthPort}`), child);
  return {
    async requests() {
      const text = await settled(file);
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line));
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      // Its exporter for Kafka never ends without a broker.
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
      rmSync(base, { recursive: true, force: true });
    },
  };
}
