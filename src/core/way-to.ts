import { readlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Every directory and link that is traversed on the way to a whole path, the nearest last. */
export function wayTo(path: string): readonly { readonly at: string; readonly isLink: boolean }[] {
  const way: { at: string; isLink: boolean }[] = [];
  const names = namesIn(path);
  let folder = '/';
  for (let name = names.shift(); name !== undefined && way.length < MOST_PLACES; name = names.shift()) {
    way.push({ at: folder, isLink: false });
    const at = join(folder, name);
    const target = targetOf(at);
    if (target === undefined) folder = at;
    else {
      way.push({ at, isLink: true });
      names.unshift(...namesIn(target));
      if (isAbsolute(target)) folder = '/';
    }
  }
  return way;
}

/** Links may lead to links, and in circles. */
const MOST_PLACES = 1000;

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
