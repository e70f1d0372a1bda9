import type { CommandContext } from './context.ts';

/** Whether SIGHUP means that the configuration is to be read anew. From a terminal it means that that was closed; and `--once` reads it once. */
export function takesHangUp({ terminal, values }: Pick<CommandContext, 'terminal' | 'values'>): boolean {
  return terminal.stdin.isTTY !== true && values['once'] !== true;
}

/** Calls `reload` for each SIGHUP, one after the other, until released; those that come meanwhile are one. */
export function onHangUp(reload: () => Promise<void>): { release(): void } {
  let isWanted = false;
  let isReloading = false;
  const hungUp = (): void => {
    isWanted = true;
    if (!isReloading) void again();
  };
  const again = async (): Promise<void> => {
    isReloading = true;
    while (isWanted) {
      isWanted = false;
      await reload();
    }
    isReloading = false;
  };
  process.on('SIGHUP', hungUp);
  return { release: () => void process.off('SIGHUP', hungUp) };
}
