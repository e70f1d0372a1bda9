import { packageText } from '../core/package-files.ts';
import type { AlertRule } from '../alert/rule.ts';

/** What people read about an alert, from docs/runbooks/, without its title. */
export interface Runbook {
  readonly text: string;
  /** Its list of false positives, in plain text. */
  readonly falsePositives: readonly string[];
}

export function readRunbook({ id }: Pick<AlertRule, 'id'>): Runbook {
  const text = packageText(`docs/runbooks/${id}.md`)
    .replace(/^# .*\n+/, '')
    .trimEnd();
  const [, list = ''] = /^## False positives\n+([^#]*)/m.exec(text) ?? [];
  const points = list.split(/^- /m).slice(1);
  return { text, falsePositives: points.map((point) => plain(point.replaceAll(/\s+/g, ' ').trim())) };
}

function plain(markdown: string): string {
  return markdown.replaceAll(/\[([^[\]]*)\]\([^()]*\)/g, '$1').replaceAll('`', '');
}
