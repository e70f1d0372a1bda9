import type { SinkMemory } from '../sink.ts';
import { isOver, KnownAlerts } from './known-alerts.ts';

/** A host by its site and key; without a key, a whole site. It was deleted from the state. */
export interface Forgotten {
  readonly site: string;
  readonly host?: string;
}

/**
 * Ends the alerts about hosts that were deleted from the state, because no event ever would. They are sent with the next renewal. Part of the
 * surrounding transaction. Returns their number.
 */
export function endForgotten(memory: SinkMemory, forgotten: readonly Forgotten[], now: number): number {
  const known = new KnownAlerts(memory);
  const places = new Set(forgotten.map(placeOf));
  let ended = 0;
  for (const [key, alert] of known.all()) {
    const { site = '', instance } = alert.labels ?? {};
    if (alert.labels === undefined || isOver(alert, now)) continue;
    if (!places.has(placeOf({ site })) && (instance === undefined || !places.has(placeOf({ site, host: instance })))) continue;
    known.put(key, { ...alert, ended: now, touched: now, owed: true });
    ended++;
  }
  for (const { site, host } of forgotten) if (host === undefined) known.forgetSite(site);
  if (ended > 0) {
    memory.put('due', String(now));
    memory.wakeAt(now);
  }
  return ended;
}

function placeOf({ site, host }: Forgotten): string {
  return JSON.stringify([site, host]);
}
