import { isError, isRequested, nameAsked, PORT, scriptsAt, SERVICE } from './script.ts';
import type { Subject } from './finding.ts';

/** What was looked for at a port, in all of its listings, or at a host. Holds names only: a host may be too large to be held. */
export class Looks {
  private readonly args: string;
  private listings = 0;
  private isNamed = false;
  /** Scripts that said something. */
  private readonly heard = new Set<string | undefined>();
  /** In how many listings a script failed. */
  private readonly failures = new Map<string | undefined, number>();

  constructor(args: string | undefined) {
    this.args = args ?? '';
  }

  add(subject: Subject): void {
    this.listings++;
    this.isNamed ||= nameAsked(subject.port?.service) !== undefined;
    const first = new Set<string | undefined>();
    const failed = new Set<string | undefined>();
    for (const script of scriptsAt(subject)) {
      if (isError(script)) failed.add(script.id);
      else if (!first.has(script.id)) this.heard.add(script.id);
      first.add(script.id);
    }
    for (const id of failed) this.failures.set(id, (this.failures.get(id) ?? 0) + 1);
  }

  /** Whether a source would have reported its finding again if it still held. */
  wouldFindAgain(source: string): boolean {
    // Only a detected service shows that something else listens there.
    if (source === SERVICE || source === PORT) return this.isNamed;
    // By the arguments it ran here, and did not fail: then no output means that it found nothing.
    return this.heard.has(source) || ((this.failures.get(source) ?? 0) < this.listings && isRequested(this.args, source));
  }
}
