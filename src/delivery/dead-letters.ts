import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PortlogError } from '../errors.ts';
import type { Entry } from '../sink/sink.ts';

/** What could not be delivered, kept with the reason: one line of JSON each, on disk before it counts. */
export interface DeadLetters {
  readonly path: string;
  /** Throws `state-unusable` when the disk does not take them; then nothing may be counted as kept. */
  add(letters: readonly DeadLetter[]): void;
}

export interface DeadLetter {
  readonly entry: Entry;
  readonly reason: string;
  readonly status?: number | undefined;
}

export function deadLetterFile(stateDir: string, sink: string, now: () => number): DeadLetters {
  const path = join(stateDir, 'dead-letters', `${sink.replace(/[^\w.-]+/g, '-')}.ndjson`);
  return {
    path,
    add(letters) {
      const at = new Date(now()).toISOString();
      const lines = letters.map(({ entry, reason, status }) =>
        JSON.stringify({ at, sink, reason, status, id: entry.id, dataset: entry.dataset, partition: entry.partition, body: entry.parts.join('') }),
      );
      append(path, `${lines.join('\n')}\n`);
    },
  };
}

function append(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(path, 'a', 0o600);
    try {
      writeWhole(file, Buffer.from(text));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new PortlogError(
      'state-unusable',
      `events that could not be delivered could not be kept in ${path} either: ${code === 'ENOSPC' ? 'the disk is full' : message}`,
      {
        hint: 'make room, or name another directory with --state-dir; then ship the scan again, which adds nothing twice',
        cause,
      },
    );
  }
}

/** All of it or nothing: half a line would spoil the one behind it. */
function writeWhole(file: number, bytes: Buffer): void {
  const { size } = fstatSync(file);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}
