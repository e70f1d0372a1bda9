import { changes } from './dashboard/changes.ts';
import { exposure } from './dashboard/exposure.ts';
import { health } from './dashboard/health.ts';
import { weaknesses } from './dashboard/weaknesses.ts';
import type { Dashboard } from './panel.ts';

/** All dashboards, in the order in which they link to each other. */
export const DASHBOARDS: readonly Dashboard[] = [exposure, changes, weaknesses, health];

/** Filters at the head of a dashboard; networks are asked for in the query bar: server.ip:"192.0.2.0/24". */
export const CONTROLS = [
  ['Site', 'nmap.site'],
  ['Zone', 'nmap.zone'],
  ['Host', 'server.address'],
] as const;
