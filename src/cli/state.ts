import type { Settings } from '../config/settings.ts';
import { openStore } from '../delivery/open-store.ts';
import type { Store } from '../delivery/store.ts';

/** The state file of the settings. */
export function openState({ stateDir, spool }: Pick<Settings, 'stateDir' | 'spool'>, what: string): Store {
  return openStore(stateDir, what, spool);
}
