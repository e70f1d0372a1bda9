import { sparesExpected } from '../../alert/rule.ts';
import { ALERT_RULES } from '../../alert/rules.ts';
import type { SinkMemory } from '../sink.ts';
import { isOver, KnownAlerts } from './known-alerts.ts';
import type { Labels } from './statement.ts';

/** An open port that an active alert is about. */
export interface AlertedPort {
  readonly site: string;
  /** The key of its host. */
  readonly host: string;
  readonly port: number;
  readonly transport: string;
}

/**
 * Ends alerts about open ports that were entered in the exposure file after they were raised, because no event ever would. They
 * are sent with the next renewal. Returns their number.
 */
export function endAccepted(memory: SinkMemory, isExpected: (port: AlertedPort) => boolean, now: number): number {
  const known = new KnownAlerts(memory);
  const accepted = SPARING.flatMap(({ id }) =>
    known.all(id).filter(([, alert]) => {
      const labels: Labels = alert.labels ?? {};
      const { site = '', instance = '', port, transport = '' } = labels;
      return port !== undefined && !isOver(alert, now) && isExpected({ site, host: instance, port: Number(port), transport });
    }),
  );
  if (accepted.length === 0) return 0;
  memory.transaction(() => {
    for (const [key, alert] of accepted) known.put(key, { ...alert, ended: now, touched: now, owed: true });
    memory.put('due', String(now));
    memory.wakeAt(now);
  });
  return accepted.length;
}

const SPARING = ALERT_RULES.filter(sparesExpected);
