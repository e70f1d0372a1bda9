import { setFlagsFromString } from 'node:v8';
import type { Settings } from '../config/settings.ts';
import { openStore } from '../delivery/open-store.ts';
import type { Store } from '../delivery/store.ts';

/** The state file, in a process that holds its memory down. */
export function openState({ stateDir, spool }: Pick<Settings, 'stateDir' | 'spool'>, what: string): Store {
  // 100 MB to Loki, and to disk for Elasticsearch: 340 MB at the peak as V8 likes to grow, 186 MB so, for a tenth more CPU.
  setFlagsFromString('--semi-space-growth-factor=1');
  return openStore(stateDir, what, spool);
}
