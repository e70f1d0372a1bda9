import type { SeenHost } from '../change/detector.ts';
import type { FindingsOf } from '../change/sighting.ts';
import type { RunContext } from '../event/context.ts';
import { type HostContext, hostContext } from '../event/host.ts';
import type { MappedHost } from '../event/map.ts';
import type { Finder, FindingsAt } from '../finding/finder.ts';
import { seenFindings } from '../finding/seen.ts';
import type { Host } from '../nmap/model.ts';

/**
 * A host on its way from the mapper to the finder to change detection. Its context and findings are computed once, on demand:
 * hosts that are only counted need neither.
 */
export class ScannedHost implements MappedHost, SeenHost {
  readonly host: Host;
  private readonly run: RunContext;
  private readonly finder: Finder;
  private made: HostContext | undefined;
  private found: Iterable<FindingsAt> | undefined;

  constructor(run: RunContext, host: Host, finder: Finder) {
    this.run = run;
    this.host = host;
    this.finder = finder;
  }

  get context(): HostContext {
    this.made ??= hostContext(this.run, this.host);
    return this.made;
  }

  /** Its findings, by port. */
  get places(): Iterable<FindingsAt> {
    this.found ??= this.finder.of(this.run.run, this.host, this.context.time);
    return this.found;
  }

  /** Its findings, as change detection needs them. */
  get weaknesses(): FindingsOf {
    return seenFindings(this.finder, { run: this.run.run, host: this.host, time: this.context.time, places: this.places });
  }
}
