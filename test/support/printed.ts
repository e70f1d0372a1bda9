import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { host, port, scan } from './scans.ts';
import { freshDir, ROOT } from './run-portlog.ts';

export const EXAMPLE = join(ROOT, 'examples/loopback.xml');
export const THREE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)) + host('192.0.2.3', port(22)));

/** Without `event.created`, which is the time of reading. */
export function events(stdout: string): any[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { event, ...rest } = JSON.parse(line) as { event: { created?: string } };
      delete event.created;
      return { event, ...rest };
    });
}

/** The same as lines of text: of many events, these are compared in a fraction of the time. */
export function lines(stdout: string): readonly string[] {
  return stdout
    .replaceAll(/"created":"[^"]*"/g, '')
    .split('\n')
    .filter((line) => line !== '');
}

export function file(name: string, content: string | Uint8Array): string {
  const path = join(freshDir(), name);
  writeFileSync(path, content);
  return path;
}
