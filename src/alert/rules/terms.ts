import { type Filter, is } from '../filter.ts';
import { EXPECTED } from '../rule.ts';

/** Key of an alert about a host, a port or a finding: the entity identifies it, the address is for people. */
export const KEY = ['nmap.site', 'nmap.entity.id', 'server.address'];
export const HOST = ['host.name', 'nmap.zone'];
export const PORT = ['server.port', 'network.transport', 'service.type', ...HOST];
export const FINDING = ['rule.id', 'rule.name', 'level', ...PORT];
export const SITE = ['nmap.site'];

export const DAY = { windowHours: 24, throttleHours: 24 };
export const WEEK = { windowHours: 24, throttleHours: 7 * 24 };

/** For summaries. */
export const AT_PORT = '{server.address}[ {server.port}/{network.transport}]';

export const action = (...actions: readonly string[]): Filter => is('event.action', ...actions);

/** Not entered in the exposure file, or there is no such file. */
export const NOT_EXPECTED: Filter = { field: EXPECTED, isNot: true };
