import type { EventOptions } from '../event/context.ts';
import type { FindingOptions } from '../finding/finder.ts';
import type { ShipOptions } from '../pipeline/ship.ts';
import type { Kind } from './given.ts';
import { ADDRESSES, FLAG, FUNCTION, INTEL, LIST, MAP, OBJECT, oneOfWords, POLICY, TABLE, TEXT, TEXTS, WHOLE } from './kinds.ts';

/* The options of {@link EventOptions}, {@link FindingOptions} and {@link ChangeOptions}. */

type Kinds<T> = Readonly<Record<keyof T & string, Kind>>;

export const EVENT_OPTIONS: Kinds<EventOptions> = {
  site: TEXT,
  namespace: TEXT,
  tags: TEXTS,
  labels: TABLE,
  macNetworks: ADDRESSES,
  networkOf: FUNCTION,
  expects: FUNCTION,
  all: FLAG,
  now: FUNCTION,
  scannerHost: TEXT,
  scannerArgs: TEXT,
  scannerStopped: FUNCTION,
  sensor: TEXT,
  agentHost: TEXT,
};

export const FINDING_OPTIONS: Kinds<FindingOptions> = {
  rules: MAP,
  services: LIST,
  guesses: oneOfWords('store', 'alert', 'silence'),
  intel: INTEL,
  exposure: POLICY,
};

export const CHANGE_OPTIONS: Kinds<NonNullable<ShipOptions['changes']>> = {
  confirm: WHOLE,
  mass: WHOLE,
  service: oneOfWords('product', 'version', 'full'),
  everywhere: FLAG,
  lists: OBJECT,
};
