import type { EventOptions } from '../event/context.ts';
import type { LogEvent } from '../event/event.ts';
import { EventMapper } from '../event/map.ts';
import { findingEvent, findingsAckGroup, withoutSilenced } from '../finding/event.ts';
import { Finder } from '../finding/finder.ts';
import type { ScanItem } from '../nmap/item.ts';
import { ScannedHost } from './scanned-host.ts';

/** The events of an item, made as they are iterated; iterate once. */
export interface Interpreted {
  readonly events: Iterable<LogEvent>;
  /** The host, if the item is one. */
  readonly host: ScannedHost | undefined;
}

/** Turns items of a scan into events: observations (`EventMapper`), followed by the findings of each host. */
export class Interpreter {
  readonly mapper: EventMapper;
  private readonly finder: Finder;

  constructor(options: EventOptions, finder = new Finder()) {
    this.finder = finder;
    this.mapper = new EventMapper(options);
  }

  /** Takes the next item. */
  read(item: ScanItem): Interpreted {
    if (item.kind !== 'host') return { events: this.mapper.events(item), host: undefined };
    const { run } = this.mapper;
    if (run === undefined) return NOTHING;
    const host = new ScannedHost(run, item.host, this.finder);
    return { events: this.mapper.countDown(item.host) ? NO_EVENTS : this.hostEvents(host), host };
  }

  private *hostEvents(host: ScannedHost): Generator<LogEvent, void, undefined> {
    const isNew = yield* this.mapper.hostEvents(host);
    if (!isNew || host.host.status?.state === 'down') return;
    const ackGroup = findingsAckGroup(host.context, host.places);
    for (const { port, findings } of host.places) {
      for (const finding of withoutSilenced(findings)) {
        const event = findingEvent(host.context, ackGroup, port, finding);
        if (this.mapper.noteFinding(host.context, event, { alerts: finding.alerts, repeated: port?.repeated })) yield event;
      }
    }
  }
}

const NO_EVENTS: readonly LogEvent[] = [];
const NOTHING: Interpreted = { events: NO_EVENTS, host: undefined };
