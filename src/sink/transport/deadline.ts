/** What a timer of Node's can hold; a longer one ends at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Limits one attempt as a whole: a server that sends a byte at a time would never hit limits on single waits. */
export class Deadline {
  /** Aborts when the time is over, with a TimeoutError, or when the caller's does, with its reason. */
  readonly signal: AbortSignal;
  private readonly over = new AbortController();
  private readonly timer: ReturnType<typeof setTimeout>;
  private readonly forward: () => void;
  private readonly caller: AbortSignal;

  constructor(milliseconds: number, caller: AbortSignal) {
    this.signal = this.over.signal;
    this.caller = caller;
    this.forward = () => this.over.abort(caller.reason);
    if (caller.aborted) this.forward();
    // Not AbortSignal.any, which leaks as long as the caller's signal lives, which is the whole run.
    else caller.addEventListener('abort', this.forward, { once: true });
    this.timer = setTimeout(() => this.over.abort(new DOMException('the time is over', 'TimeoutError')), Math.min(milliseconds, LONGEST_MS));
  }

  /** Nothing aborts any more. */
  end(): void {
    clearTimeout(this.timer);
    this.caller.removeEventListener('abort', this.forward);
  }
}
