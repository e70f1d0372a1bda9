import { printable } from '../../../event/text.ts';
import { type Checked, portWords, violations } from './checked.ts';
import { junit } from './junit.ts';
import { sarif } from './sarif.ts';

/** The output formats. None reports unscanned ports as right. */
export const REPORTS: Readonly<Record<'table' | 'json' | 'junit' | 'sarif', (checked: Checked) => string>> = { table, json, junit, sarif };

function table(checked: Checked): string {
  const lines = violations(checked).map(
    ({ violation: { kind, what, level }, ...port }) => `${kind.padEnd(10)} ${portWords(port)}: ${what} [${level}]`,
  );
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** A line per violation, a line per gap, and one with totals, so that the output is never empty. */
function json(checked: Checked): string {
  const { ports, closed, gaps } = checked;
  const wrong = violations(checked);
  const hosts = new Set([...ports, ...closed].map(({ host }) => host)).size;
  return [
    ...wrong.map(({ violation, ...port }) => ({ ...violation, ...port })),
    ...gaps.map((what) => ({ kind: 'not-checked', what })),
    { kind: 'checked', hosts, open_ports: ports.length, violations: wrong.length, gaps: gaps.length },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}
