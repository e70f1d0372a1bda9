import { type Change, portOf } from '../../../change/change.ts';
import { printable } from '../../../event/text.ts';

const ACTION_WIDTH = 19;
const PLACE_WIDTH = 24;

/** One line per change, without control characters. */
export function changeTable(changes: readonly Change[]): string {
  return changes
    .map((change) => {
      const { action, host, before, after } = change;
      const place = [host, portOf(change)].filter((word) => word !== undefined).join(' ');
      return `${printable(`${action.padEnd(ACTION_WIDTH)} ${place.padEnd(PLACE_WIDTH)} ${shown(before.text)} → ${shown(after.text)}${withPorts(after.ports)}`)}\n`;
    })
    .join('');
}

/** In the form of `diff -u`, with a section per host. */
export function unifiedDiff(changes: readonly Change[], old: string, newer: string): string {
  if (changes.length === 0) return '';
  const lines = [`--- ${old}`, `+++ ${newer}`];
  let section: string | undefined;
  for (const change of changes) {
    const { host, name, action, before, after } = change;
    if (host !== section) lines.push(`@@ ${host}${name === undefined ? '' : ` (${name})`} @@`);
    section = host;
    const what = portOf(change) ?? (action === 'os-changed' ? 'os' : action === 'mac-changed' ? 'mac' : 'host');
    lines.push(`-${what} ${withState(action, before.text, 'before')}`, `+${what} ${withState(action, after.text, 'after')}`);
    for (const open of after.ports ?? []) lines.push(`+${open.replace(/^\S+/, '$& open')}`);
  }
  return `${lines.map(printable).join('\n')}\n`;
}

/** Adds the state: a service alone would not show that the port is open. */
function withState(action: Change['action'], text: string, side: 'before' | 'after'): string {
  const isOpen =
    ((action === 'port-opened' || action === 'port-reopened') && side === 'after') ||
    (action === 'port-closed' && side === 'before') ||
    action === 'service-changed';
  return isOpen ? `open ${text}`.trim() : text;
}

/** Open ports of a new host, which are not changes of their own. */
function withPorts(ports: readonly string[] = []): string {
  return ports.length === 0 ? '' : `, with ${ports.join(', ')} open`;
}

function shown(text: string): string {
  return text === '' ? 'open' : text;
}
