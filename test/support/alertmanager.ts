import type { LogEvent } from '../../src/event/event.ts';
import { alertmanagerSink } from '../../src/sink/alertmanager/alertmanager.ts';
import type { PostableAlert } from '../../src/sink/alertmanager/members.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { againstServer } from './against.ts';
import { told, type Told } from './alert-events.ts';
import type { Script, Seen } from './scripted-server.ts';
import { batchOf, entriesOf, NEVER } from './sink-contract.ts';

export const HOUR = 3_600_000;
export const NOW = Date.now();
export const against = againstServer('alertmanager', alertmanagerSink, '/am');
export const taken: Script = (_, response) => void response.writeHead(200).end();
export const alertsIn = ({ body }: Pick<Seen, 'body'>): PostableAlert[] => JSON.parse(body) as PostableAlert[];
export const send = (sink: Sink, ...events: readonly LogEvent[]) => sink.send(batchOf(entriesOf(sink, events)), NEVER);
export const opened = (more: Partial<Told> = {}): LogEvent =>
  told({ action: 'port-opened', time: NOW - HOUR, ip: '192.0.2.10', port: 7777, ...more });
export const MANY = Array.from({ length: 60 }, (_, i) => opened({ ip: `192.0.2.${i}` }));
export const isOver = ({ endsAt }: PostableAlert): boolean => Date.parse(endsAt) <= Date.now();
