import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/run-portlog.ts';
import { decoded, firedBy, readRules } from './wazuh.ts';

const INDEX = 'wazuh-alerts-4.x-2026.01';

interface Store {
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number }>;
}

/**
 * The alerts that a manager of Wazuh would raise from these lines, and one of somebody else, in a store as its indexer has them: every
 * text a keyword, below "data" what the decoder has found.
 */
export async function storeWazuhAlerts(store: Store, lines: readonly string[]): Promise<void> {
  const dynamic_templates = [{ texts: { match_mapping_type: 'string', mapping: { type: 'keyword' } } }];
  const properties = { timestamp: { type: 'date' }, rule: { properties: { level: { type: 'long' } } } };
  await stored(store, 'PUT', `/${INDEX}`, { mappings: { date_detection: false, dynamic_templates, properties } });
  const stranger = { timestamp: new Date().toISOString(), rule: { id: '5710', level: 5, description: 'sshd', groups: ['sshd'] }, data: {} };
  for (const alert of [...alertsOf(lines), stranger]) await stored(store, 'POST', `/${INDEX}/_doc`, alert);
  await stored(store, 'POST', `/${INDEX}/_refresh`);
}

function alertsOf(lines: readonly string[]): readonly object[] {
  const rules = readRules(readFileSync(join(ROOT, 'dashboards/wazuh/portlog_rules.xml'), 'utf8'));
  return lines.flatMap((line) => {
    const rule = firedBy(rules, line);
    if (rule === undefined) return [];
    const data = JSON.parse(line) as { readonly nmap: { readonly time: string } };
    const { id, level, groups } = rule;
    const words = decoded(data) as ReadonlyMap<string, string>;
    const description = rule.description.replaceAll(/\$\(([\w.]+)\)/g, (_, name: string) => words.get(name) ?? '');
    return [{ timestamp: data.nmap.time, rule: { id: String(id), level, description, groups: ['portlog', 'nmap', ...groups] }, data }];
  });
}

async function stored(store: Store, method: string, path: string, body?: unknown): Promise<void> {
  const { status } = await store.ask(method, path, body);
  if (status !== 200 && status !== 201) throw new Error(`${method} ${path}: ${status}`);
}
