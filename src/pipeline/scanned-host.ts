import type { SeenHost } from '../change/detector.ts';
import type { FindingsOf } from '../change/sighting.ts';
import type { RunContext } from '../event/context.ts';
import { type HostContext, hostContext } from '../event/host.ts';
import type { MappedHost } from '../event/map.ts';
import type { Finder, FindingsAt } from '../finding/finder.ts';
import { seenFindings } from '../finding/seen.ts';
import type { Host } from '../nmap/model.ts';

/**
 * A host of a scan on its way: handed from the mapper to the finder to change detection. What events call it, and what is wrong with
 * it, is found out when somebody asks for it (of hosts that are only counted nobody does), and once.
 */
export class ScannedHost implements MappedHost, SeenHost {
  readonly host: Host;
  private readonly run: RunContext;
  private readonly finder: Finder;
  private made: HostContext | undefined;
  private found: readonly FindingsAt[] | undefined;

  constructor(run: RunContext, host: Host, finder: Finder) {
    this.run = run;
    this.host = host;
    this.finder = finder;
  }

  get context(): HostContext {
    this.made ??= hostContext(this.run, this.host);
    return this.made;
  }

  /** Where something is wrong with it: with itself, or with a port. */
  get places(): readonly FindingsAt[] {
    this.found ??= this.finder.of(this.run.run, this.host, this.context.time);
    return this.found;
  }

  /** The same, as change detection needs it. */
  get weaknesses(): FindingsOf {
    return seenFindings(this.finder, { run: this.run.run, host: this.host, time: this.context.time, places: this.places });
  }
}
