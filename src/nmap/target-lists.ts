/** Targets in files that a command line names. */
export interface TargetLists {
  readonly targets: readonly string[];
  readonly excluded: readonly string[];
}
