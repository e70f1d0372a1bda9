import { PORT, SERVICE } from '../event/finding-source.ts';
import { isError, isRequested, looksFor, mayHaveStopped, nameAsked, scriptsAt } from './script.ts';
import type { Subject } from './finding.ts';
import { needsVersion } from './version-vulnerability.ts';

/** What was looked for at a host, or at a port in all of its listings. Holds names only, because a host may be too large to hold. */
export class LookedFor {
  private readonly args: string;
  private listings = 0;
  private isNamed = false;
  private hasVersion = false;
  private isPort = false;
  private mayHaveStopped = false;
  /** Scripts that had output. */
  private readonly withOutput = new Set<string | undefined>();
  /** Number of listings in which a script failed, by script. */
  private readonly failures = new Map<string | undefined, number>();

  constructor(args: string | undefined) {
    this.args = args ?? '';
  }

  add(subject: Subject): void {
    this.listings++;
    const { host, port } = subject;
    this.isPort ||= port !== undefined;
    this.isNamed ||= nameAsked(port?.service) !== undefined;
    this.hasVersion ||= (port?.service?.version ?? '') !== '';
    // What is left out of a very long host looks like a script that was stopped.
    this.mayHaveStopped ||= host.isShortened === true || mayHaveStopped(this.args, secondsAt(host));
    const first = new Set<string | undefined>();
    const failed = new Set<string | undefined>();
    for (const script of scriptsAt(subject)) {
      if (isError(script)) failed.add(script.id);
      else if (!first.has(script.id)) this.withOutput.add(script.id);
      first.add(script.id);
    }
    for (const id of failed) this.failures.set(id, (this.failures.get(id) ?? 0) + 1);
  }

  /** Whether a source would have reported its finding again if it still held. */
  wouldFindAgain(source: string): boolean {
    // Only a detected service shows that something else listens there.
    if (source === SERVICE || source === PORT) return this.isNamed;
    if (this.withOutput.has(source)) return true;
    // By the arguments it ran here, and it did not fail, so no output means that it found nothing.
    return !this.isSilenceEmpty(source) && (this.failures.get(source) ?? 0) < this.listings && isRequested(this.args, source);
  }

  /** Whether no output may also mean that the script was stopped, or was never started. */
  private isSilenceEmpty(source: string): boolean {
    if (this.mayHaveStopped || (needsVersion(source) && !this.hasVersion)) return true;
    // A service that did not answer version detection may have been too slow for scripts as well, and some scripts only run for a known service.
    return this.isPort && !this.isNamed && this.withOutput.size === 0 && looksFor(this.args, SERVICE);
  }
}

/** Upper limit of the seconds that nmap spent on a host, because it writes whole seconds. */
function secondsAt({ starttime, endtime }: Subject['host']): number | undefined {
  return starttime === undefined || endtime === undefined ? undefined : endtime - starttime + 1;
}
