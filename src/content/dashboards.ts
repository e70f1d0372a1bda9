import { changes } from './dashboard/changes.ts';
import { exposure } from './dashboard/exposure.ts';
import { health } from './dashboard/health.ts';
import { host } from './dashboard/host.ts';
import { weaknesses } from './dashboard/weaknesses.ts';
import type { AlertRule } from '../alert/rule.ts';
import type { Dashboard } from './panel.ts';

/** All dashboards, in the order in which they link to each other. */
export const DASHBOARDS: readonly Dashboard[] = [exposure, changes, weaknesses, host, health];

/** The dashboard that shows what a rule is about. */
export function dashboardOf({ dataset }: Pick<AlertRule, 'dataset'>): string {
  return (dataset === 'nmap.change' ? changes : health).id;
}
