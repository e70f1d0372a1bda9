import type { ServiceIdentity } from './service.ts';

/** What counts as news. */
export interface ChangeOptions {
  /** Scans that must find a port not open, or a host down, before it is a change. */
  readonly confirm: number;
  /** More changes than this in one scan are also announced as a `mass-change`. */
  readonly mass: number;
  /** What of a service must change before that is announced. */
  readonly service?: ServiceIdentity | undefined;
}

export const DEFAULT_CHANGE_OPTIONS: ChangeOptions = { confirm: 1, mass: 100 };
