import type { KnownFinding, KnownHost } from '../state/known-host.ts';

type Findings = KnownHost['findings'];
type Index = Map<string, Set<string>>;

/** Stands for the host itself, where others have a port. */
const HOST = '';
/** Ids of findings by port, built on first use: masscan lists a host once per port, thousands of times. */
const indexes = new WeakMap<Findings, Index>();

/** Known findings about a host itself, and at some of its ports (`443/tcp`), with their ids. */
export function knownFindingsAt({ findings }: Pick<KnownHost, 'findings'>, ports: Iterable<string>): readonly (readonly [string, KnownFinding])[] {
  const index = indexOf(findings);
  return [HOST, ...ports].flatMap((port) => [...(index.get(port) ?? [])].map((id) => [id, findings[id] as KnownFinding] as const));
}

/** Adds or replaces a known finding. Nothing else may do so, or the index would be wrong. */
export function putFinding({ findings }: Pick<KnownHost, 'findings'>, id: string, finding: KnownFinding): void {
  add(indexOf(findings), id, finding);
  findings[id] = finding;
}

function indexOf(findings: Findings): Index {
  const made = indexes.get(findings);
  if (made !== undefined) return made;
  const index: Index = new Map();
  for (const [id, finding] of Object.entries(findings)) add(index, id, finding);
  indexes.set(findings, index);
  return index;
}

function add(index: Index, id: string, { port = HOST }: KnownFinding): void {
  const ids = index.get(port);
  if (ids === undefined) index.set(port, new Set([id]));
  else ids.add(id);
}
