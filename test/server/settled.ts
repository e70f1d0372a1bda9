import { existsSync, readFileSync } from 'node:fs';

/** As long as a server may take to write its first line. */
const FIRST = 10;

/** The text of a file when nothing was added to it for a while, for servers write in blocks, now and then; nothing when none comes. */
export async function settled(file: string): Promise<string> {
  let text = '';
  for (let tries = 0; tries < 50; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (now === text && (now.endsWith('\n') || tries >= FIRST)) return text;
    text = now;
  }
  return text;
}
