import { closeSync, fstatSync, fsyncSync, ftruncateSync, statSync, writeSync } from 'node:fs';
import { systemClock } from '../../core/clock.ts';
import type { FileOptions } from '../options.ts';
import { openToAppend } from './open.ts';
import { rotate } from './rotation.ts';

const DEFAULT_ROTATE_BYTES = 100 << 20;

/** Resolves when so many events may be written. */
export type Permit = (file: number, events: number, signal: AbortSignal) => Promise<void>;

/** Appends to a file that others may rotate, and rotates it itself when it is large. */
export class Appender {
  private readonly path: string;
  private readonly options: FileOptions;
  private readonly permit: Permit | undefined;
  private file: number | undefined;
  private compressing: Promise<void> = Promise.resolve();

  constructor(path: string, options: FileOptions, permit: Permit | undefined) {
    this.path = path;
    this.options = options;
    this.permit = permit;
  }

  /** Rotates the file if it is large; returns how many events were deleted with old files. */
  async rotateIfLarge(): Promise<number> {
    const { rotateBytes = DEFAULT_ROTATE_BYTES, keepFiles, clock = systemClock } = this.options;
    if (rotateBytes === 0 || (statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) < rotateBytes) return 0;
    this.closeFile();
    // A file being compressed must not reappear after it was deleted.
    if (keepFiles !== undefined) await this.compressing;
    const { removed, compress } = await rotate(this.path, keepFiles, clock);
    // In the background. A failure leaves the file as it is, to be compressed next time.
    this.compressing = this.compressing.then(compress).catch(() => undefined);
    return removed;
  }

  /** Writes the lines of so many events. */
  async append(lines: Buffer, events: number, signal: AbortSignal): Promise<void> {
    append(await this.opened(events, signal), lines, this.options.fsync === true);
  }

  /** Closes the file, and waits until rotated ones are compressed. */
  async close(): Promise<void> {
    this.closeFile();
    await this.compressing;
  }

  /** The open file. It is opened again when somebody else has rotated it, also during the wait for the permit. */
  private async opened(events: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      if (this.file === undefined || !isAt(this.path, this.file)) {
        this.closeFile();
        this.file = await openToAppend(this.path, signal, this.options.clock ?? systemClock);
      }
      if (this.permit === undefined) return this.file;
      await this.permit(this.file, events, signal);
      if (isAt(this.path, this.file)) return this.file;
    }
  }

  private closeFile(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }
}

/** Whether a path still leads to the open file. Inode numbers belong to a file system, and another one may have been mounted there. */
function isAt(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(file);
  return there?.ino === ino && there.dev === dev;
}

/** Appends all of the bytes or none. */
function append(file: number, bytes: Buffer, fsync: boolean): void {
  const { size } = fstatSync(file);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written);
    if (fsync) fsyncSync(file);
  } catch (error) {
    // Not when someone else has appended meanwhile, or when it cannot be truncated (a device).
    if (written > 0 && fstatSync(file).size === size + written) ftruncateSync(file, size);
    throw error;
  }
}
