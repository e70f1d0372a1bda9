/** Longest time of Node's timers; a longer one ends at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Aborts after so many milliseconds, with a TimeoutError. Keeps no process alive. */
export function timeLimit(milliseconds: number): AbortSignal {
  return AbortSignal.timeout(Math.min(milliseconds, LONGEST_MS));
}

/** Whether the reason of an aborted signal is a time limit. */
export function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

/** Limits one attempt as a whole: a server that sends a byte at a time would never hit limits on single waits. */
export class Deadline {
  /** Aborts when the time is over, with a TimeoutError, or when the caller's does, with its reason. */
  readonly signal: AbortSignal;
  private readonly over = new AbortController();
  private timer: ReturnType<typeof setTimeout>;
  private readonly forward: () => void;
  private readonly caller: AbortSignal;

  constructor(milliseconds: number, caller: AbortSignal) {
    this.signal = this.over.signal;
    this.caller = caller;
    this.forward = () => this.over.abort(caller.reason);
    if (caller.aborted) this.forward();
    // Not AbortSignal.any, which leaks as long as the caller's signal lives, which is the whole run.
    else caller.addEventListener('abort', this.forward, { once: true });
    this.timer = this.startTimer(milliseconds);
  }

  /** Sets the time limit to `milliseconds` from now. */
  set(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = this.startTimer(milliseconds);
  }

  /** Ends the limit: nothing aborts any more. */
  end(): void {
    clearTimeout(this.timer);
    this.caller.removeEventListener('abort', this.forward);
  }

  private startTimer(milliseconds: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.over.abort(new DOMException('the time is over', 'TimeoutError')), Math.min(milliseconds, LONGEST_MS));
  }
}
