import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../core/reason.ts';
import { PortlogError } from '../core/errors.ts';
import { snapshotText } from './snapshot-text.ts';

/** An entry of CISA's Known Exploited Vulnerabilities. Dates as `2026-01-31`. */
export interface KnownExploited {
  readonly added: string | undefined;
  /** The deadline for US agencies: a measure of urgency. */
  readonly due: string | undefined;
  readonly ransomware: boolean;
}

/** EPSS: the probability of exploitation within 30 days, and its percentile; both 0 to 1. */
export interface ExploitProbability {
  readonly score: number;
  readonly percentile: number;
}

interface Snapshot<T> {
  readonly path: string;
  /** `2026-01-31`; undefined when the file has no date. */
  readonly date: string | undefined;
  readonly entries: ReadonlyMap<string, T>;
}

const HINT = 'docs/how-to/intel.md says where the files come from; leave --intel-dir out to go on without them';
/** Older snapshots cause a warning: KEV grows twice a week, EPSS is new each day. */
const STALE_DAYS = 30;
const DAY = 86_400_000;
/** In MiB; they have 1.5 and 10 today, and 300,000 entries. */
const MAX_KEV_MIB = 16;
const MAX_EPSS_MIB = 64;
const MAX_ENTRIES = 1_000_000;

/**
 * Snapshots of CISA's Known Exploited Vulnerabilities and of FIRST's EPSS, in a directory that the user fills; portlog
 * downloads nothing. Read on first use. https://www.cisa.gov/known-exploited-vulnerabilities-catalog,
 * https://www.first.org/epss/data_stats
 */
export class Intel {
  private readonly kevPath: string | undefined;
  private readonly epssPath: string | undefined;
  private kevSnapshot: Snapshot<KnownExploited> | undefined;
  private epssSnapshot: Snapshot<ExploitProbability> | undefined;

  /** Throws `config-invalid` when there is no such directory, or neither file in it. */
  constructor(directory: string) {
    const names = listed(directory);
    this.kevPath = latest(directory, names, /^known_exploited_vulnerabilities.*\.json(?:\.gz)?$/);
    this.epssPath = latest(directory, names, /^epss_scores.*\.csv(?:\.gz)?$/);
    if (this.kevPath === undefined && this.epssPath === undefined)
      throw new PortlogError('config-invalid', `${directory} has neither known_exploited_vulnerabilities.json nor epss_scores-….csv.gz`, {
        hint: HINT,
      });
  }

  knownExploited(cve: string): (KnownExploited & { readonly snapshot: string | undefined }) | undefined {
    if (this.kevPath === undefined) return undefined;
    this.kevSnapshot ??= readKev(this.kevPath);
    const entry = this.kevSnapshot.entries.get(cve);
    return entry && { ...entry, snapshot: this.kevSnapshot.date };
  }

  probability(cve: string): (ExploitProbability & { readonly snapshot: string | undefined }) | undefined {
    if (this.epssPath === undefined) return undefined;
    this.epssSnapshot ??= readEpss(this.epssPath);
    const entry = this.epssSnapshot.entries.get(cve);
    return entry && { ...entry, snapshot: this.epssSnapshot.date };
  }

  /** A warning for each snapshot that is old or has no date. Reads both, so that a broken one is found early. */
  warnings(now: number): readonly string[] {
    if (this.kevPath !== undefined) this.kevSnapshot ??= readKev(this.kevPath);
    if (this.epssPath !== undefined) this.epssSnapshot ??= readEpss(this.epssPath);
    return [this.kevSnapshot, this.epssSnapshot].flatMap((snapshot) => {
      if (snapshot === undefined) return [];
      const { path, date } = snapshot;
      if (date === undefined) return [`${path} does not contain its date`];
      const days = Math.floor((now - Date.parse(date)) / DAY);
      return days > STALE_DAYS ? [`${path} is ${days} days old: what has come to be exploited since is not known`] : [];
    });
  }
}

function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    throw new PortlogError('config-invalid', `${directory} cannot be read: ${reasonOf(cause, 'directory')}`, { hint: HINT, cause });
  }
}

/** The latest of several snapshots, by the date in its name. */
function latest(directory: string, names: readonly string[], pattern: RegExp): string | undefined {
  const name = names
    .filter((one) => pattern.test(one))
    .toSorted()
    .at(-1);
  return name === undefined ? undefined : join(directory, name);
}

function textOf(path: string, maxMib: number): string {
  try {
    return snapshotText(path, maxMib);
  } catch (cause) {
    throw broken(path, reasonOf(cause), cause);
  }
}

/** https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json */
function readKev(path: string): Snapshot<KnownExploited> {
  const text = textOf(path, MAX_KEV_MIB);
  try {
    const { dateReleased, vulnerabilities } = JSON.parse(text) as {
      dateReleased?: string;
      vulnerabilities: readonly Readonly<Record<string, string>>[];
    };
    const entries = new Map(
      vulnerabilities.map((one) => [
        one['cveID'] ?? '',
        { added: day(one['dateAdded']), due: day(one['dueDate']), ransomware: one['knownRansomwareCampaignUse'] === 'Known' },
      ]),
    );
    return { path, date: day(dateReleased), entries };
  } catch (cause) {
    throw broken(path, 'it is not the catalogue in JSON', cause);
  }
}

/** `#model_version:v2025.03.14,score_date:2026-01-31T00:00:00+0000`, a heading, then `CVE-1999-0001,0.0102,0.7731`. */
function readEpss(path: string): Snapshot<ExploitProbability> {
  const text = textOf(path, MAX_EPSS_MIB);
  const entries = new Map<string, ExploitProbability>();
  for (const [, cve = '', score, percentile] of text.matchAll(/^(CVE-\d+-\d+),([\d.eE-]+),([\d.eE-]+)\r?$/gm)) {
    if (entries.size === MAX_ENTRIES) throw broken(path, `it has more than ${MAX_ENTRIES} lines`);
    const probability = { score: Number(score), percentile: Number(percentile) };
    if (isProbability(probability.score) && isProbability(probability.percentile)) entries.set(cve, probability);
  }
  if (entries.size === 0) throw broken(path, 'there is no line `CVE-…,score,percentile` in it');
  return { path, date: day(/score_date:([\d-]{10})/.exec(text.slice(0, 200))?.[1]), entries };
}

function isProbability(value: number): boolean {
  return value >= 0 && value <= 1;
}

function day(text: string | undefined): string | undefined {
  const found = /^\d{4}-\d\d-\d\d/.exec(text ?? '')?.[0];
  return found === undefined || Number.isNaN(Date.parse(found)) ? undefined : found;
}

function broken(path: string, why: string, cause?: unknown): PortlogError {
  return new PortlogError('config-invalid', `${path} cannot be used: ${why}`, { hint: HINT, cause });
}
