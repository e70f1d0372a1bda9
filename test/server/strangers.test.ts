import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { ALL, MARKUP } from '../support/strangers-text.ts';
import { installElastalert } from './install/elastalert.ts';

const run = promisify(execFile);
const RULES = join(ROOT, 'dashboards/elastalert/rules');
/** As elastalert/loaders.py makes the template, and elastalert/alerts.py fills it in. */
const RENDER = `import json, sys
from jinja2 import Template
given = json.load(open(sys.argv[1]))
print(json.dumps({name: Template(text).render(given["data"] | {"_data": given["data"]}) for name, text in given["templates"].items()}))
`;

test('what strangers wrote is plain text in the alerts of a real ElastAlert, which escapes nothing', async () => {
  const files = readdirSync(RULES).filter((file) => file.endsWith('.yaml'));
  const templates = Object.fromEntries(files.map((file) => [file, parse(readFileSync(join(RULES, file), 'utf8')).alert_text]));
  const data = {
    message: ALL,
    nmap: { site: 'berlin', delivery: { sink: 'loki' } },
    server: { address: ALL, port: 443 },
    network: { transport: ALL },
    host: { name: `${ALL}x` },
    rule: { name: ALL },
    vulnerability: { id: ALL },
  };
  const input = join(freshDir(), 'given.json');
  for (const [given, isEvil] of [
    [data, true],
    [{ message: 'x', server: { address: '192.0.2.7' }, rule: { name: 'x' }, nmap: { site: 'berlin' } }, false],
  ] as const) {
    writeFileSync(input, JSON.stringify({ templates, data: given }));
    const { stdout } = await run(join(await installElastalert(), 'python'), ['-c', RENDER, input]);
    const rendered = Object.entries(JSON.parse(stdout) as Record<string, string>);
    expect(rendered).toHaveLength(files.length);
    for (const [file, text] of rendered) {
      expect(text, file).toMatch(/^\S/);
      // The address of the host's dashboard is encoded, and has a query in parentheses.
      expect(text.replace(/^All about the host: .*$/m, ''), file).not.toMatch(MARKUP);
      expect(text, file).not.toContain('None');
      if (isEvil && file !== 'scan-overdue.yaml') expect(text, file).toContain('onerror=alert(1)');
    }
  }
});
