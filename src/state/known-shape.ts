import { anything, either, listOf, number, oneOf, optional, record, type Shape, tableOf, text } from '../core/shape.ts';

const tests = record({ first: number, times: listOf(number), again: optional(number) });
const opposites = record({ yes: optional(tests), no: optional(tests), last: optional(oneOf('yes', 'no')) });
const register = (value: Shape): Shape => record({ value, at: number, scan: number, since: number });
/** A time; `null` for a host without one, because JSON has no infinity. */
const time = either(number, oneOf(null));

/** The shape of a stored host, as far as it is used; see schemas/state.schema.json. */
export const KNOWN_HOST = record({
  key: text,
  up: opposites,
  time,
  scan: number,
  marks: listOf(text),
  ips: listOf(text),
  revision: optional(number),
  name: optional(register(text)),
  mac: optional(register(text)),
  ip: optional(register(text)),
  os: optional(register(text)),
  ports: tableOf(
    record({
      protocol: text,
      number,
      open: opposites,
      state: text,
      at: number,
      scan: number,
      guess: optional(register(text)),
      service: optional(register(anything)),
      certificate: optional(register(record({ fingerprint: text }))),
      unconfirmed: optional(number),
      hostKeys: optional(listOf(record({ type: text, key: register(text) }))),
    }),
  ),
  tested: listOf(record({ protocol: text, ports: either(text, number), tests, state: text, scan: number })),
  findings: tableOf(
    record({
      key: text,
      open: opposites,
      at: number,
      scan: number,
      rule: record({ id: text, name: text }),
      title: text,
      due: optional(text),
      severity: number,
      source: text,
    }),
  ),
});

/** The shape of a run's stored set-up. */
export const RUN_SETUP = record({
  scanner: optional(text),
  args: optional(text),
  scaninfo: listOf(record({ type: optional(text), protocol: optional(text), services: optional(text) })),
  lists: optional(record({ targets: listOf(text), excluded: listOf(text) })),
});

/** The shape of a run's stored counts. */
export const SCAN_COUNTS = record({ firstHosts: number, firstPorts: number, changes: number, changedHosts: number });
