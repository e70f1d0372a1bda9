import {
  DIFF_OPTIONS,
  EXPOSURE_OPTIONS,
  FINDINGS_OPTIONS,
  INVENTORY_OPTIONS,
  type Option,
  REPLAY_OPTIONS,
  REPORT_OPTIONS,
  RUN_OPTIONS,
  SCAN_OPTIONS,
  SETUP_OPTIONS,
  SHIP_OPTIONS,
  WATCH_OPTIONS,
} from './options.ts';

export type Options = Readonly<Record<string, Option>>;

/** The options of each command; those of `setup` that name a server are the same as for shipping. */
export const COMMAND_OPTIONS = {
  ship: SHIP_OPTIONS,
  scan: { ...SHIP_OPTIONS, ...SCAN_OPTIONS },
  check: { ...SHIP_OPTIONS, ...SCAN_OPTIONS },
  watch: { ...WATCH_OPTIONS, ...SHIP_OPTIONS },
  run: { ...RUN_OPTIONS, ...SCAN_OPTIONS, ...SHIP_OPTIONS },
  status: only(SHIP_OPTIONS, ['config', 'state-dir', 'json']),
  diff: { ...DIFF_OPTIONS, ...only(SHIP_OPTIONS, ['site', 'config', 'state-dir', 'quiet']) },
  exposure: { ...EXPOSURE_OPTIONS, ...only(SHIP_OPTIONS, ['exposure', 'site', 'config', 'state-dir', 'quiet']) },
  findings: { ...FINDINGS_OPTIONS, ...only(SHIP_OPTIONS, ['site', 'config', 'state-dir', 'quiet']) },
  report: { ...REPORT_OPTIONS, ...only(SHIP_OPTIONS, ['site', 'exposure', 'config', 'state-dir', 'quiet']) },
  inventory: { ...INVENTORY_OPTIONS, ...only(SHIP_OPTIONS, ['site', 'config', 'state-dir', 'quiet']) },
  replay: {
    ...REPLAY_OPTIONS,
    ...without(SHIP_OPTIONS, [
      'format',
      'all',
      'again',
      'changes',
      'confirm-scans',
      'mass-change',
      'intel-dir',
      'exposure',
      'spool-max-mib',
      'spool-when-full',
    ]),
  },
  setup: { ...SETUP_OPTIONS, 'ca-file': SHIP_OPTIONS['ca-file'], 'quiet': SHIP_OPTIONS.quiet, 'verbose': SHIP_OPTIONS.verbose },
} as const satisfies Record<string, Options>;

function without<O extends Options, Name extends keyof O>(options: O, names: readonly Name[]): Omit<O, Name> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !(names as readonly string[]).includes(name))) as Omit<O, Name>;
}

function only<O extends Options, Name extends keyof O>(options: O, names: readonly Name[]): Pick<O, Name> {
  return Object.fromEntries(names.map((name) => [name, options[name]])) as Pick<O, Name>;
}
