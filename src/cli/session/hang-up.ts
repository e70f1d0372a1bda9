import type { CommandContext } from './context.ts';

/** Whether SIGHUP reloads the configuration. From a terminal it means that the terminal was closed; with `--once` it is not reloaded. */
export function takesHangUp({ terminal, values }: Pick<CommandContext, 'terminal' | 'values'>): boolean {
  return terminal.stdin.isTTY !== true && values['once'] !== true;
}

/** Calls `reload` on SIGHUP, one call at a time, until released; signals meanwhile are merged. */
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
