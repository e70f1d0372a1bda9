import type { ServiceIdentity } from './service.ts';

/** What counts as news. */
export interface ChangeOptions {
  /** So many scans must have found a port not open, or a host down, before that is announced. */
  readonly confirm: number;
  /** More changes than these in one scan are announced as one `mass-change`, too. */
  readonly mass: number;
  /** What of a service must change before that is announced. */
  readonly service?: ServiceIdentity | undefined;
}

export const DEFAULT_CHANGE_OPTIONS: ChangeOptions = { confirm: 1, mass: 100 };
