import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { KnownScans } from '../../change/scans.ts';
import type { Settings } from '../../config/settings.ts';
import { systemClock } from '../../core/clock.ts';
import { PortlogError } from '../../core/errors.ts';
import { counted } from '../../event/text.ts';
import { isoTime } from '../../event/time.ts';
import type { Diagnosis } from '../../sink/sink.ts';
import type { Database } from '../../state/database.ts';
import { filesystemOf } from '../../state/filesystem.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import { knownSites } from '../../state/sites.ts';
import { openReadOnly, stateFile, waitingSinks } from '../../state/store.ts';
import { finding } from './diagnose.ts';

/** The state directory: whether it is usable, and what waits there. */
export function checkState(settings: Settings): readonly Diagnosis[] {
  const { stateDir } = settings;
  let existing = stateDir;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    const found: Diagnosis = { level: 'error', message: `state directory ${stateDir} cannot be written`, hint: 'name another with --state-dir' };
    return existsSync(stateFile(stateDir)) ? [found, ...whatWaits(settings)] : [found];
  }
  const { name, network, ephemeral } = filesystemOf(existing);
  const hint = 'name another with --state-dir';
  if (network) return [{ level: 'error', message: `state directory ${stateDir} is on a network file system (${name})`, hint }];
  const found: Diagnosis[] = isEphemeral(stateDir, ephemeral)
    ? [{ level: 'warning', message: `state directory ${stateDir} does not survive a restart${ephemeral ? ` (${name})` : ''}`, hint }]
    : [{ level: 'ok', message: `state directory ${stateDir}` }];
  return existsSync(stateFile(stateDir)) ? [...found, ...whatWaits(settings)] : found;
}

function whatWaits({ stateDir }: Settings): readonly Diagnosis[] {
  try {
    const database = openReadOnly(stateDir);
    try {
      return [...knownSites(database).map((site) => knownAt(database, site)), waitingIn(database)];
    } finally {
      database.close();
    }
  } catch (error) {
    if (!(error instanceof PortlogError)) throw error;
    return [finding('error', error)];
  }
}

function waitingIn(database: Database): Diagnosis {
  const all = waitingSinks(database).map(({ tables }) => tables);
  const waiting = all.reduce((sum, { spool }) => sum + spool.usage().events, 0);
  const dead = all.reduce((sum, { deadLetters }) => sum + deadLetters.count(), 0);
  if (waiting + dead === 0) return { level: 'ok', message: 'nothing waits on disk' };
  return {
    level: 'warning',
    message: `${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} on disk, ${counted(dead, 'dead letter')}`,
    hint: 'portlog replay --list',
  };
}

function isEphemeral(path: string, ephemeral: boolean): boolean {
  return ephemeral || /^\/(?:tmp|run|dev\/shm)\//.test(`${path}/`);
}

/** The known state of a site, and its age. */
function knownAt(database: Database, site: string): Diagnosis {
  const last = new KnownScans(database, site).lastEnd(systemClock.now());
  const when = last === undefined ? 'no finished scan' : `last finished scan ${isoTime(last)}`;
  return { level: 'ok', message: `site "${site}": ${counted(new KnownHosts(database, site).count(), 'host')} known, ${when}` };
}
