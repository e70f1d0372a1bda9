import { systemClock } from '../../core/clock.ts';
import type { EventOptions } from '../../event/context.ts';
import { LINES, type LineFormat } from '../../event/lines.ts';
import type { HostCounts } from '../../event/map.ts';
import { Finder, type FindingOptions } from '../../finding/finder.ts';
import { Interpreter } from '../interpreter.ts';
import type { ScanItem } from '../../nmap/item.ts';
import type { Run } from '../../nmap/model.ts';
import { ScanReader } from '../../nmap/read.ts';
import { Lines } from './lines.ts';

/** Options for a thread, as plain data. */
export interface RenderOptions {
  readonly event: Omit<EventOptions, 'now'>;
  readonly findings: FindingOptions;
  readonly format: LineFormat;
}

/** A piece of a run that seems to begin and end between two elements. */
export interface Piece {
  readonly run: Run;
  readonly bytes: Uint8Array;
  /** Buffer for its lines. */
  readonly room: Uint8Array;
}

/** The result for a piece, as plain data. */
export interface Rendered {
  /** The lines of all events of its hosts, in the piece's buffer unless that was too small. */
  readonly body: Uint8Array;
  readonly events: number;
  /** Length of the piece in bytes of input. */
  readonly length: number;
  /** Counts of its hosts, for the run. */
  readonly counts: HostCounts;
  /** Other items in it, none of which has an event of its own. */
  readonly others: readonly ScanItem[];
}

/** Renders pieces without knowing what comes before or after them. */
export class Renderer {
  private readonly interpreter: Interpreter;
  private readonly lineOf: (typeof LINES)[LineFormat];

  constructor({ event, findings, format }: RenderOptions) {
    this.interpreter = new Interpreter({ ...event, now: systemClock.now }, new Finder(findings));
    this.lineOf = LINES[format];
  }

  /**
   * Undefined unless the piece holds only whole elements of one run (no unreadable host, open comment, or end of the run): the
   * main reader reads such a piece itself.
   */
  render({ run, bytes, room }: Piece): Rendered | undefined {
    // masscan's answers of a host are spread over the run: only the main reader can tell repetitions.
    if (run.scanner === 'masscan') return undefined;
    const { mapper } = this.interpreter;
    for (const _ of mapper.events({ kind: 'run', run }));
    mapper.takeCounts();
    const reader = ScanReader.within();
    const lines = new Lines(room);
    const others: ScanItem[] = [];
    let events = 0;
    for (const item of reader.push(bytes)) {
      if (item.kind === 'run' || item.kind === 'end' || item.kind === 'refused') return undefined;
      if (item.kind !== 'host') others.push(item);
      else {
        for (const event of this.interpreter.read(item).events) {
          events++;
          lines.add(this.lineOf(event));
        }
      }
    }
    if (!reader.isBetween) return undefined;
    return { body: lines.bytes, events, length: reader.consumed, counts: mapper.takeCounts(), others };
  }
}
