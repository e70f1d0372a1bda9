import type { EventOptions } from '../event/context.ts';
import type { LogEvent } from '../event/event.ts';
import { EventMapper } from '../event/map.ts';
import { findingEvent, findingsAckGroup } from '../finding/event.ts';
import { Finder } from '../finding/finder.ts';
import type { ScanItem } from '../nmap/item.ts';

/** Everything that a scan says: what is there (`EventMapper`), and behind each host what is wrong with it. */
export class Interpreter {
  readonly mapper: EventMapper;
  private readonly finder: Finder;

  constructor(options: EventOptions, finder = new Finder()) {
    this.finder = finder;
    this.mapper = new EventMapper(options);
  }

  *events(item: ScanItem): Generator<LogEvent, void, undefined> {
    yield* this.mapper.events(item);
    if (item.kind !== 'host' || item.host.status?.state === 'down') return;
    const context = this.mapper.hostOf(item.host);
    if (context === undefined || this.mapper.isRepeated) return;
    const ackGroup = findingsAckGroup(context);
    for (const { port, findings } of this.finder.of(context.run.run, item.host, context.time)) {
      for (const finding of findings) {
        if (finding.isSilenced === true) continue;
        const event = findingEvent(context, ackGroup, port, finding);
        if (this.mapper.noteFinding(context, event)) yield event;
      }
    }
  }
}
