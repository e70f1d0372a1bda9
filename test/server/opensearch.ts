import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOpenSearch } from './install/opensearch.ts';
import { findJava } from './java.ts';
import { freePort } from './ports.ts';

const MAIN = fileURLToPath(new URL('install/opensearch/Server.java', import.meta.url));

/** A real OpenSearch on loopback, without security, with data of its own that goes with it. */
export interface OpenSearchServer {
  readonly url: string;
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>;
  stop(): Promise<void>;
}

export async function startOpenSearch(): Promise<OpenSearchServer> {
  const jars = await installOpenSearch();
  const base = mkdtempSync(join(tmpdir(), 'portlog-opensearch-'));
  const port = await freePort();
  const args = ['-Xmx512m', '-cp', `${jars}/*`, MAIN, base, String(port), String(await freePort())];
  const child = spawn(join(findJava(), 'bin', 'java'), args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child);
  return {
    url,
    async ask(method, path, body) {
      const headers = { 'content-type': 'application/json', 'connection': 'close' };
      const answer = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      const text = await answer.text();
      return { status: answer.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(late);
      rmSync(base, { recursive: true, force: true });
    },
  };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    if (child.exitCode !== null) throw new Error(`OpenSearch ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('OpenSearch was not ready after two minutes');
}

if (import.meta.main) {
  const server = await startOpenSearch();
  console.log(JSON.stringify({ url: server.url }));
  process.once('SIGINT', () => void server.stop());
  process.once('SIGTERM', () => void server.stop());
}
