import { readFileSync } from 'node:fs';
import { DEFAULT_OPTIONS, type EventOptions } from '../../src/event/context.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { Interpreter } from '../../src/pipeline/interpreter.ts';
import type { Host } from '../../src/nmap/model.ts';
import type { Refusal, RunEnd, ScanItem } from '../../src/nmap/item.ts';
import { ScanReader } from '../../src/nmap/read.ts';

/** A fixed time of reading, so that whole events can be compared. */
const NOW = Date.parse('2026-12-31T12:00:00Z');

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}

/** All items of a scan, read in pieces of `chunk` bytes. */
export function itemsOf(scan: string | Uint8Array, chunk = Number.POSITIVE_INFINITY): ScanItem[] {
  const bytes = typeof scan === 'string' ? Buffer.from(scan) : scan;
  const reader = new ScanReader();
  const items: ScanItem[] = [];
  for (let at = 0; at < bytes.length; at += chunk) items.push(...reader.push(bytes.subarray(at, at + chunk)));
  items.push(...reader.end());
  return items;
}

export function eventsOf(scan: string | Uint8Array, options: Partial<EventOptions> = {}, chunk?: number): LogEvent[] {
  const interpreter = new Interpreter({ ...DEFAULT_OPTIONS, now: () => NOW, ...options });
  return itemsOf(scan, chunk).flatMap((item) => [...interpreter.read(item).events]);
}

/** The event as a consumer gets it. */
export function ecs(event: LogEvent): any {
  return JSON.parse(JSON.stringify({ ...event.shared.fields, ...event.own }));
}

export function hosts(items: readonly ScanItem[]): Host[] {
  return items.flatMap((item) => (item.kind === 'host' ? [item.host] : []));
}

export function refusals(items: readonly ScanItem[]): Refusal[] {
  return items.flatMap((item) => (item.kind === 'refused' ? [item.refusal] : []));
}

export function ends(items: readonly ScanItem[]): RunEnd[] {
  return items.flatMap((item) => (item.kind === 'end' ? [item.end] : []));
}

/** A small whole scan around the given inside. */
export function scan(inside: string, attributes = 'scanner="nmap" version="7.93" args="nmap -oX - 192.0.2.0/24" start="1760000000"'): string {
  return `<?xml version="1.0"?>\n<!DOCTYPE nmaprun>\n<nmaprun ${attributes}>\n${inside}\n${FOOTER}</nmaprun>\n`;
}

export const FOOTER = '<runstats><finished time="1760000060" elapsed="60.00" exit="success"/><hosts up="1" down="0" total="1"/></runstats>\n';
/** The same of a scan that has found nobody: more hosts up than are listed is told as a fault. */
export const NOBODY_UP = FOOTER.replace('up="1" down="0"', 'up="0" down="1"');

export function host(address: string, inside = '', attributes = 'starttime="1760000001" endtime="1760000002"'): string {
  return `<host ${attributes}><status state="up" reason="syn-ack" reason_ttl="64"/><address addr="${address}" addrtype="ipv4"/>${inside}</host>\n`;
}

export function port(number: number, state = 'open', service = '<service name="http" method="table" conf="3"/>'): string {
  return `<ports><port protocol="tcp" portid="${number}"><state state="${state}" reason="syn-ack" reason_ttl="64"/>${service}</port></ports>`;
}
