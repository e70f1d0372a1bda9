/** Two stages of interruption (Ctrl-C, SIGTERM, closed terminal): first stop reading and deliver, then, or after a while, give up. */
export interface Interruption {
  readonly stop: AbortSignal;
  readonly giveUp: AbortSignal;
  release(): void;
}

const GRACE_MS = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

/** `signals`: which of them. */
export function onInterrupt(
  notify: (text: string) => void,
  what = 'interrupted: delivering what was read',
  signals: readonly NodeJS.Signals[] = SIGNALS,
): Interruption {
  const stop = new AbortController();
  const giveUp = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  const interrupted = (): void => {
    if (stop.signal.aborted) giveUp.abort();
    else notify(`${what} (interrupt again to stop at once)`);
    stop.abort();
    grace ??= setTimeout(() => giveUp.abort(), GRACE_MS).unref();
  };
  for (const signal of signals) process.on(signal, interrupted);
  return {
    stop: stop.signal,
    giveUp: giveUp.signal,
    release() {
      clearTimeout(grace);
      for (const signal of signals) process.off(signal, interrupted);
    },
  };
}
