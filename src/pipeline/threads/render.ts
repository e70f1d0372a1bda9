import type { EventOptions } from '../../event/context.ts';
import { LINES, type LineFormat } from '../../event/lines.ts';
import type { HostCounts } from '../../event/map.ts';
import { Finder, type FindingOptions } from '../../finding/finder.ts';
import { Interpreter } from '../interpreter.ts';
import type { ScanItem } from '../../nmap/item.ts';
import type { Run } from '../../nmap/model.ts';
import { ScanReader } from '../../nmap/read.ts';
import { Lines } from './lines.ts';

/** What a thread must know to say the same as this one; plain data. */
export interface RenderOptions {
  readonly event: Omit<EventOptions, 'now'>;
  readonly findings: FindingOptions;
  readonly format: LineFormat;
}

/** A piece of a run, that begins and ends between two elements as far as one can see without reading it. */
export interface Piece {
  readonly run: Run;
  readonly bytes: Uint8Array;
  /** Where its lines may be written. */
  readonly room: Uint8Array;
}

/** What became of a piece; plain data. */
export interface Rendered {
  /** The lines of all events of its hosts: in the room of the piece, unless that was too small. */
  readonly body: Uint8Array;
  readonly events: number;
  /** Bytes of it, as the reader counts them. */
  readonly length: number;
  /** What its hosts add to the account of the run. */
  readonly counts: HostCounts;
  /** What else is in it, none of which makes an event by itself. */
  readonly others: readonly ScanItem[];
}

/** Makes the lines of pieces, without knowing what comes before or behind them. */
export class Renderer {
  private readonly interpreter: Interpreter;
  private readonly lineOf: (typeof LINES)[LineFormat];

  constructor({ event, findings, format }: RenderOptions) {
    this.interpreter = new Interpreter({ ...event, now: Date.now }, new Finder(findings));
    this.lineOf = LINES[format];
  }

  /**
   * Undefined for whatever is not simply whole elements of one run (a host that cannot be read, a comment that
   * goes on behind the piece, the end of the run): who reads the whole scan reads that as well.
   */
  render({ run, bytes, room }: Piece): Rendered | undefined {
    // What masscan says of a host lies anywhere in its run: who reads the whole can tell what is new.
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
