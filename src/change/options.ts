import type { ServiceIdentity } from './service.ts';

/** Settings for what counts as a change. */
export interface ChangeOptions {
  /** Scans that must find a port not open, or a host down, before it is a change. */
  readonly confirm: number;
  /** More changes than this in one scan are also announced as a `mass-change`. */
  readonly mass: number;
  /** Which parts of a service must change to be reported. */
  readonly service?: ServiceIdentity | undefined;
}

export const DEFAULT_CHANGE_OPTIONS: ChangeOptions = { confirm: 1, mass: 100 };
