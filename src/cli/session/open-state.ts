import { openStore } from '../../state/open-store.ts';
import type { Store } from '../../state/store.ts';
import type { Settings } from '../../config/settings.ts';
import type { CommandContext } from './context.ts';

/** Opens the state of a command, and creates its directory if needed. `what`: what the command does, see `Store`. */
export function openState({ trust }: CommandContext, { stateDir, spool }: Pick<Settings, 'stateDir' | 'spool'>, what: string): Store {
  const store = openStore(stateDir, what, spool);
  try {
    trust.checkMade('the state directory', stateDir);
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}
