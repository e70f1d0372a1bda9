import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { done } from './ask.ts';

/** One thing that set-up does, or finds done. */
export interface Step {
  /** In words: `alert rule "[portlog] New host"`. */
  readonly what: string;
  /**
   * `kept`: somebody has changed it, or it is not portlog's, so it is left as it is. `skipped`: it cannot be had there. `wrong`: it
   * needs a repair that nobody has asked for. `stays`: it cannot be removed.
   */
  readonly action: 'create' | 'update' | 'unchanged' | 'kept' | 'skipped' | 'remove' | 'load' | 'wrong' | 'mend' | 'stays';
  /** What would be sent, for `--dry-run`; nothing for what stays. */
  readonly request: HttpRequest | undefined;
  apply(signal: AbortSignal): Promise<void>;
}

export interface PlanOptions {
  /** Overwrite what somebody has changed. */
  readonly force: boolean;
  /** Mend what has got wrong types, and do not only say it. */
  readonly repair: boolean;
}

/** What is there, as set-up found it. */
export type Presence = 'absent' | 'as-installed' | 'outdated' | 'changed';

/**
 * What a mark says that set-up has left in a server: a fingerprint of what was sent, a dot, and one of what the server made
 * of it. `now`: that of what is there.
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

/** Something that is only said. */
export function notice(action: 'unchanged' | 'kept' | 'skipped' | 'wrong' | 'stays', what: string): Step {
  return { what, action, request: undefined, apply: async () => undefined };
}

export function removal(client: HttpClient, what: string, request: HttpRequest): Step {
  return { what, action: 'remove', request, apply: (signal) => done(client, request, signal) };
}
