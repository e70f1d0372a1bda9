import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A real Alertmanager with the configuration that portlog brings as an example, and whoever listens behind its webhook. */
export interface AlertmanagerServer {
  readonly url: string;
  /** What has come out of it. */
  readonly received: readonly Alert[];
  stop(): Promise<void>;
}

export async function startAlertmanager(): Promise<AlertmanagerServer> {
  const received: Alert[] = [];
  const hook = await listen(received);
  const base = mkdtempSync(join(tmpdir(), 'portlog-alertmanager-'));
  const port = await freePort();
  const config = readFileSync('dashboards/loki/alertmanager.yaml', 'utf8')
    .replace('http://127.0.0.1:9095/', `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`)
    .replace('group_wait: 30s', 'group_wait: 2s')
    .replace('group_interval: 5m', 'group_interval: 5s');
  writeFileSync(join(base, 'alertmanager.yaml'), config);
  const args = [
    `--config.file=${join(base, 'alertmanager.yaml')}`,
    `--storage.path=${base}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  const child = spawn('prometheus-alertmanager', args, { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child);
  return {
    url,
    received,
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
      hook.closeAllConnections();
      hook.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

async function listen(received: Alert[]): Promise<Server> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      received.push(...(JSON.parse(text) as { alerts: Alert[] }).alerts);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`Alertmanager ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Alertmanager was not ready after ten seconds');
}
