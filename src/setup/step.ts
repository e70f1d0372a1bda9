import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { done } from './ask.ts';

/** A step of the set-up of a server. */
export interface Step {
  /** In words: `alert rule "[portlog] New host"`. */
  readonly what: string;
  /**
   * `kept`: made or changed by somebody, so left as it is. `skipped`: not supported there. `wrong`: needs
   * `--repair`. `stays`: cannot be removed.
   */
  readonly action: 'create' | 'update' | 'unchanged' | 'kept' | 'skipped' | 'remove' | 'load' | 'wrong' | 'mend' | 'stays';
  /** The request, for `--dry-run`; undefined when nothing is sent. */
  readonly request: HttpRequest | undefined;
  apply(signal: AbortSignal): Promise<void>;
}

export interface PlanOptions {
  /** Overwrite, or remove, what somebody has changed. */
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

/** Removals of what is not needed any more, for example for a removed site: it would alert for ever. */
export function withoutUse(removals: readonly Step[]): readonly Step[] {
  return removals.map((step) => (step.action === 'kept' ? { ...step, what: `${step.what}, which is of no use any more` } : step));
}

/** A step that only reports. */
export function notice(action: 'unchanged' | 'kept' | 'skipped' | 'wrong' | 'stays', what: string): Step {
  return { what, action, request: undefined, apply: async () => undefined };
}

/** The step for something that one request removes; none when it is absent. As in installation, what somebody has made or changed is kept. */
export function removal(
  client: HttpClient,
  what: string,
  found: Presence,
  request: HttpRequest,
  { force }: Pick<PlanOptions, 'force'>,
): readonly Step[] {
  if (found === 'absent') return [];
  if (found === 'changed' && !force) return [notice('kept', what)];
  return [{ what, action: 'remove', request, apply: (signal) => done(client, request, signal) }];
}
