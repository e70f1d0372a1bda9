import type { Change } from '../../change/compare.ts';
import { printable } from '../../event/text.ts';

const ACTION_WIDTH = 19;
const PLACE_WIDTH = 24;

/** A line a change: what, where, from what to what. Never a control character from a scan. */
export function changeTable(changes: readonly Change[]): string {
  return changes
    .map(({ action, host, port, before, after }) => {
      const place = port === undefined ? host : `${host} ${port}`;
      return `${printable(`${action.padEnd(ACTION_WIDTH)} ${place.padEnd(PLACE_WIDTH)} ${shown(before)} → ${shown(after)}`)}\n`;
    })
    .join('');
}

/** As `diff -u` shows it, a section for each host. */
export function unifiedDiff(changes: readonly Change[], old: string, newer: string): string {
  if (changes.length === 0) return '';
  const lines = [`--- ${old}`, `+++ ${newer}`];
  let section: string | undefined;
  for (const { host, name, action, port, before, after } of changes) {
    if (host !== section) lines.push(`@@ ${host}${name === undefined ? '' : ` (${name})`} @@`);
    section = host;
    const what = port ?? (action === 'os-changed' ? 'os' : action === 'mac-changed' ? 'mac' : 'host');
    lines.push(`-${what} ${withState(action, before, 'before')}`, `+${what} ${withState(action, after, 'after')}`);
  }
  return `${lines.map(printable).join('\n')}\n`;
}

/** An open side says its service, which alone would not say that it is open. */
function withState(action: Change['action'], text: string, side: 'before' | 'after'): string {
  const isOpen = (action === 'port-opened' && side === 'after') || (action === 'port-closed' && side === 'before') || action === 'service-changed';
  return isOpen ? `open ${text}`.trim() : text;
}

function shown(text: string): string {
  return text === '' ? 'open' : text;
}
