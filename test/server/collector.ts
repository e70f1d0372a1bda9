import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCollector } from './install/collector.ts';
import { freePort } from './ports.ts';
import { settled } from './settled.ts';

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

/** With receivers as its configuration has them, all into one pipeline. */
export async function startCollectorWith(receivers: Readonly<Record<string, object>>): Promise<Omit<CollectorServer, 'url'>> {
  const program = await installCollector();
  const base = mkdtempSync(join(tmpdir(), 'portlog-collector-'));
  const healthPort = await freePort();
  const file = join(base, 'logs.jsonl');
  const config = join(base, 'collector.yaml');
  writeFileSync(
    config,
    `
extensions: { health_check: { endpoint: 127.0.0.1:${healthPort} } }
receivers: ${JSON.stringify(receivers)}
exporters: { file: { path: ${file}, flush_interval: 100ms } }
service:
  extensions: [health_check]
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: ${JSON.stringify(Object.keys(receivers))}, exporters: [file] } }
`,
  );
  const child = spawn(program, ['--config', config], { stdio: 'ignore' });
  await ready(`http://127.0.0.1:${healthPort}`, child);
  return {
    async requests() {
      const text = await settled(file);
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line));
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(base, { recursive: true, force: true });
    },
  };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`the Collector ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the Collector was not ready after twenty seconds');
}
