import { changes } from './dashboard/changes.ts';
import { exposure } from './dashboard/exposure.ts';
import { health } from './dashboard/health.ts';
import { host } from './dashboard/host.ts';
import { weaknesses } from './dashboard/weaknesses.ts';
import type { Dashboard } from './panel.ts';

/** All dashboards, in the order in which they link to each other. */
export const DASHBOARDS: readonly Dashboard[] = [exposure, changes, weaknesses, host, health];
