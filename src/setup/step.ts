import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { done } from './ask.ts';

/** A step of the set-up of a server. */
export interface Step {
  /** In words: `alert rule "[portlog] New host"`. */
  readonly what: string;
  /**
   * `kept`: changed by somebody, or not portlog's, so left as it is. `skipped`: not supported there. `wrong`: needs
   * `--repair`. `stays`: cannot be removed.
   */
  readonly action: 'create' | 'update' | 'unchanged' | 'kept' | 'skipped' | 'remove' | 'load' | 'wrong' | 'mend' | 'stays';
  /** The request, for `--dry-run`; undefined when nothing is sent. */
  readonly request: HttpRequest | undefined;
  apply(signal: AbortSignal): Promise<void>;
}

export interface PlanOptions {
  /** Overwrite what somebody has changed. */
  readonly force: boolean;
  /** Repair wrong types, rather than only report them. */
  readonly repair: boolean;
}

/** What is there, as set-up found it. */
export type Presence = 'absent' | 'as-installed' | 'outdated' | 'changed';

/**
 * Evaluates a mark that set-up left in a server: a fingerprint of what was sent, a dot, and one of what the server stored.
 * `now`: that of the current content.
 */
export function presenceByMark(mark: string | undefined, ours: string, now: string): Presence {
  const [sent, made] = mark?.split('.') ?? [];
  if (made !== now) return 'changed';
  return sent === ours ? 'as-installed' : 'outdated';
}

/** A step for something that one request installs. */
export function installation(client: HttpClient, what: string, found: Presence, request: HttpRequest, { force }: PlanOptions): Step {
  if (found === 'as-installed') return notice('unchanged', what);
  if (found === 'changed' && !force) return notice('kept', what);
  return {
    what,
    action: found === 'absent' ? 'create' : 'update',
    request,
    apply: (signal) => done(client, request, signal),
  };
}

/** A step that only reports. */
export function notice(action: 'unchanged' | 'kept' | 'skipped' | 'wrong' | 'stays', what: string): Step {
  return { what, action, request: undefined, apply: async () => undefined };
}

export function removal(client: HttpClient, what: string, request: HttpRequest): Step {
  return { what, action: 'remove', request, apply: (signal) => done(client, request, signal) };
}
