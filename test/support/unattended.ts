import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { freshDir, ROOT, startPortlog } from './run-portlog.ts';
import { host, port, scan } from './scans.ts';

export const EXAMPLE = join(ROOT, 'examples', 'loopback.xml');
export const WHOLE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)));
export const HALF = WHOLE.slice(0, WHOLE.indexOf('<host', WHOLE.indexOf('192.0.2.1')));

export let home: string;
export let scans: string;
export let out: string;
/** What is ended with the test, if it has not ended by itself. */
export const running: ChildProcess[] = [];

/** Each test of the file has a folder of its own, and leaves no process behind. */
export function ownFolder(): void {
  beforeEach(() => {
    home = freshDir();
    scans = join(home, 'scans');
    out = join(home, 'out.ndjson');
    mkdirSync(scans);
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
}

export interface Line {
  readonly event: { readonly action: string; readonly id: string; readonly reason?: string };
  readonly nmap: { readonly site: string; readonly overdue?: { readonly schedule?: string } };
  readonly message: string;
}

export function written(): readonly Line[] {
  if (!existsSync(out)) return [];
  return readFileSync(out, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

export const actions = (): readonly string[] => written().map(({ event }) => event.action);

export function put(name: string, content: string): void {
  writeFileSync(join(scans, name), content);
}

/** A configuration with the given lines beside state and sink. */
export function configured(...lines: readonly string[]): string {
  const path = join(home, 'portlog.yaml');
  writeFileSync(
    path,
    [
      `site: lab`,
      `stateDir: ${join(home, 'state')}`,
      ...(lines.some((line) => line.startsWith('sinks:')) ? [] : [`sinks: [{ type: file, path: ${out} }]`]),
      ...lines,
    ].join('\n'),
  );
  return path;
}

export const start = (...args: readonly string[]): ChildProcess => {
  const child = startPortlog([...args, '--poll-seconds', '0.1']);
  running.push(child);
  return child;
};
