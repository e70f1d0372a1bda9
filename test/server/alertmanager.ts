import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { startServer } from './start-server.ts';
import { answers, ready } from './ready.ts';

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One message to the webhook: what there is to say of a group. */
interface Notification {
  readonly status: 'firing' | 'resolved';
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly Alert[];
}

/** A real Alertmanager with the configuration that portlog brings as an example, and whoever listens behind its webhook. */
export interface AlertmanagerServer {
  readonly url: string;
  /** What has come out of it. */
  readonly received: readonly Alert[];
  readonly notifications: readonly Notification[];
  /** Ends it, and starts it anew at the same address: it knows silences and what was told, and no alerts. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** `route`: instead of that of the example; it has the placeholder HOOK for the receiver. */
export async function startAlertmanager(route?: string): Promise<AlertmanagerServer> {
  const received: Alert[] = [];
  const notifications: Notification[] = [];
  const hook = await listen((notification) => {
    notifications.push(notification);
    received.push(...notification.alerts);
  });
  const base = mkdtempSync(join(tmpdir(), 'portlog-alertmanager-'));
  const port = await freePort();
  const config = (route ?? readFileSync('dashboards/loki/alertmanager.yaml', 'utf8'))
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
  const url = `http://127.0.0.1:${port}`;
  let child = await run(args, url);
  return {
    url,
    received,
    notifications,
    async restart() {
      await ended(child);
      child = await run(args, url);
    },
    async stop() {
      await ended(child);
      hook.closeAllConnections();
      hook.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

async function run(args: readonly string[], url: string): Promise<ChildProcess> {
  const child = startServer('prometheus-alertmanager', args, { stdio: 'ignore' });
  await ready('Alertmanager', () => answers(`${url}/-/ready`), child);
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await closed;
}

async function listen(onNotification: (notification: Notification) => void): Promise<Server> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      onNotification(JSON.parse(text) as Notification);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
