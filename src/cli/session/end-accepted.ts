import type { Settings } from '../../config/settings.ts';
import { systemClock } from '../../core/clock.ts';
import { counted } from '../../event/text.ts';
import { endAccepted } from '../../sink/alertmanager/accepted.ts';
import type { Database } from '../../state/database.ts';
import { KnownHosts } from '../../state/known-hosts.ts';
import { memoriesOf } from '../../state/sink-memory.ts';
import type { Log } from './log.ts';

/** Ends active alerts about open ports that the exposure file allows by now. */
export function endAlertsAboutExpected(database: Database, { exposure }: Pick<Settings, 'exposure'>, log: Log): void {
  if (exposure?.judges !== true) return;
  const now = systemClock.now();
  const ended = memoriesOf(database, 'alertmanager').reduce((sum, memory) => {
    const isExpected: Parameters<typeof endAccepted>[1] = ({ site, host, port, transport }) =>
      exposure.expects(new KnownHosts(database, site).addressesOf(host).ips, port, transport, now) === true;
    return sum + endAccepted(memory, isExpected, now);
  }, 0);
  if (ended > 0) log.info(`${counted(ended, 'alert')} ${ended === 1 ? 'has' : 'have'} ended: the exposure file now allows the port`);
}
