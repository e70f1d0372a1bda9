import { shownTarget } from '../../../sink/shown.ts';
import type { OpenRun } from '../../../state/runs.ts';
import { type Status, statusCode } from './status.ts';
import { iso, waitingFields } from './waiting.ts';

const HOUR_MS = 3_600_000;

/** The status for machines, in one line. */
export function statusJson(status: Status): string {
  const { state, running, lost, sites, schedules, directories, sinks, givenUp, cut } = status;
  return JSON.stringify({
    exit: statusCode(status),
    state,
    running: running.map(runFields),
    lost: lost.map(runFields),
    sites: sites.map(siteFields),
    schedules: schedules.map(scheduleFields),
    directories: directories.map(directoryFields),
    sinks: sinks.map(waitingFields),
    givenUp: givenUp.map(({ identity, events, last: time }) => ({ ...identity, target: shownTarget(identity.target), events, last: iso(time) })),
    cut: cut.map(({ identity, what, time }) => ({ ...identity, target: shownTarget(identity.target), what, time: iso(time) })),
  });
}

function runFields({ pid, started, what, sums }: OpenRun): object {
  return { pid, started: iso(started), what, sums };
}

function siteFields({ site, hosts, last, maxAgeMs, isOverdue }: Status['sites'][number]): object {
  return { site, hosts, last: iso(last), maxAgeHours: maxAgeMs === undefined ? undefined : maxAgeMs / HOUR_MS, overdue: isOverdue };
}

function scheduleFields({ name, timetable, last, next, missing }: Status['schedules'][number]): object {
  return {
    name,
    timetable,
    last: last && { due: iso(last.due), started: iso(last.started), ended: iso(last.ended), problem: last.problem },
    next: iso(next),
    missing: iso(missing),
  };
}

function directoryFields({ path, files, last, problem, failed, unfinished }: Status['directories'][number]): object {
  return {
    path,
    files,
    last: iso(last),
    problem,
    failed: failed.map(({ name, problem: why, isAside }) => ({ name, problem: why, aside: isAside })),
    unfinished: unfinished.map(({ name, since }) => ({ name, since: iso(since) })),
  };
}
