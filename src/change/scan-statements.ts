/* SQL statements for the table of runs. */

/** On which side of a run, among those of its site. */
export type Side = 'earlier' | 'later';

/** A run whose row was not parsed yet. */
export interface Candidate {
  readonly nr: number;
  readonly kind: string;
}

/** Neighbouring runs that are examined one by one. */
const MOST_NEIGHBOURS = 16;
/** Runs of a kind that are kept, besides the first complete one: the runs that confirm, repeat or follow each other are among the latest. */
export const KEPT_OF_A_KIND = 100;

/* Limits are written out: SQLite plans a statement anew whenever a limit among its values is bound. */
const EARLIER = 'complete = 1 AND nr <> ? AND (started, nr) < (?, ?)';
const LATER = 'complete = 1 AND nr <> ? AND (started, nr) > (?, ?)';
/** The index is named, because SQLite cannot know that few runs are of these kinds, and that nearly all runs are entered. */
const BY_KIND = 'scan INDEXED BY scan_kind';
const NOT_ENTERED = 'scan INDEXED BY scan_unreached';
export const ALL_NOT_ENTERED = `SELECT nr, run, kind FROM ${NOT_ENTERED} WHERE site = ? AND reached = 0`;
export const UNLISTED_ANNOUNCED = `SELECT * FROM ${BY_KIND} WHERE site = ? AND kind = ? AND complete = 1 AND instr(counts, '"announcedUnlisted":true') > 0`;
export const OF_KIND = `SELECT run FROM ${BY_KIND} WHERE site = ? AND kind = ?`;
export const EARLIER_OF_KINDS = `SELECT * FROM ${BY_KIND} WHERE site = ? AND kind IN (SELECT value FROM json_each(?)) AND reached = 1 AND ${EARLIER} AND ended >= ?`;
export const EARLIER_NOT_ENTERED = `SELECT * FROM ${NOT_ENTERED} WHERE site = ? AND reached = 0 AND ${EARLIER} AND ended >= ?`;
export const ANY_EARLIER = `SELECT EXISTS (SELECT 1 FROM scan INDEXED BY scan_started WHERE site = ? AND ${EARLIER}) AS "any",
    EXISTS (SELECT 1 FROM ${NOT_ENTERED} WHERE site = ? AND reached = 0 AND ${EARLIER}) AS not_entered`;
export const LATER_NOT_ENTERED = `SELECT * FROM ${NOT_ENTERED} WHERE site = ? AND reached = 0 AND ${LATER}`;
/** All in one row; columns longer than a few numbers only where they are not empty. */
export const LATER_OF_KINDS = `SELECT json_group_array(kind) AS kinds, json_group_array(nr) AS nrs, json_group_array(started) AS began,
    json_group_array(ended) AS ended, json_group_array(CASE WHEN instr(counts, '"unread"') > 0 THEN counts END) AS unread
  FROM ${BY_KIND} WHERE site = ? AND kind IN (SELECT value FROM json_each(?)) AND reached = 1 AND ${LATER}`;
/** The very next run. */
export const NEXT: Readonly<Record<Side, string>> = {
  earlier: `SELECT * FROM scan INDEXED BY scan_started WHERE site = ? AND ${EARLIER} ORDER BY started DESC, nr DESC LIMIT 1`,
  later: `SELECT * FROM scan INDEXED BY scan_started WHERE site = ? AND ${LATER} ORDER BY started, nr LIMIT 1`,
};
const MEETS = `reached = 0 OR EXISTS (SELECT 1 FROM scan_reach INDEXED BY scan_reach_kind
  WHERE site = ? AND kind = near.kind AND profile = ? AND first <= ? AND last >= ?)`;
/** Some of the neighbouring runs: those with the same profile whose address ranges overlap. */
export const NEIGHBOURS: Readonly<Record<Side, string>> = {
  earlier: `SELECT nr, kind FROM (
    SELECT nr, kind, reached, started FROM scan INDEXED BY scan_started WHERE site = ? AND ${EARLIER} ORDER BY started DESC, nr DESC LIMIT ${MOST_NEIGHBOURS}) AS near
    WHERE ${MEETS} ORDER BY started DESC, nr DESC`,
  later: `SELECT nr, kind FROM (
    SELECT nr, kind, reached, started FROM scan INDEXED BY scan_started WHERE site = ? AND ${LATER} ORDER BY started, nr LIMIT ${MOST_NEIGHBOURS}) AS near
    WHERE ${MEETS} ORDER BY started DESC, nr DESC`,
};
export const TRIM = `DELETE FROM scan WHERE nr IN (
    SELECT nr FROM ${BY_KIND} WHERE site = ? AND kind = ? AND complete = ? ORDER BY started DESC, nr DESC LIMIT -1 OFFSET ${KEPT_OF_A_KIND})
  AND nr NOT IN (?, (SELECT nr FROM ${BY_KIND} WHERE site = ? AND kind = ? AND complete = ? ORDER BY started, nr LIMIT 1))`;
/** All runs of some kinds, latest first. */
export const PLACED: Readonly<Record<Side, string>> = { earlier: placedWhere(EARLIER), later: placedWhere(LATER) };

/** The latest run of each kind. */
export const LATEST: Readonly<Record<Side, string>> = { earlier: latestWhere(EARLIER), later: latestWhere(LATER) };

function placedWhere(side: string): string {
  return `SELECT nr, kind FROM ${BY_KIND} WHERE site = ? AND kind IN (SELECT value FROM json_each(?)) AND reached = 1 AND ${side} ORDER BY started DESC, nr DESC`;
}

function latestWhere(side: string): string {
  return `
    SELECT nr, kind, started FROM json_each(?) AS wanted CROSS JOIN scan ON nr = (
      SELECT nr FROM ${BY_KIND} WHERE site = ? AND kind = wanted.value AND reached = 1 AND ${side} ORDER BY started DESC, nr DESC LIMIT 1)
    UNION ALL SELECT nr, kind, started FROM ${NOT_ENTERED} WHERE site = ? AND reached = 0 AND ${side}
    ORDER BY started DESC, nr DESC`;
}
