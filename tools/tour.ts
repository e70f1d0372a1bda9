import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firings } from '../src/alert/fires.ts';

/*
 * `npm start`: two scans of a small office, a week apart, go the whole way into the embedded state and a file, by the
 * commands that anybody would type.
 */

const ROOT = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'portlog-tour-'));
const events = join(folder, 'events.ndjson');
const report = join(folder, 'report.html');
const SCANS = ['examples/office-1.xml', 'examples/office-2.xml'];

heading('Two scans of a small office, a week apart, are shipped to a file, as they would be to a server');
for (const scan of SCANS) portlog(['--to', `file=${events}`, scan]);
portlog(['inventory'], [], 'What is known to be open');
const shipped = readFileSync(events, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly event: { readonly dataset: string; readonly action: string }; readonly message: string });
heading('What changed in the week');
const changes = shipped.filter(({ event }) => event.dataset === 'nmap.change' && event.action !== 'baseline');
for (const { message } of changes) console.log(message);
console.log('(The first scan is what the second is compared with: it changed nothing.)');
heading('Which alerts that raises');
const now = Date.now();
for (const { rule, summary } of shipped.flatMap((event) => firings(event, now))) console.log(`${rule.severity.padEnd(8)} ${summary}`);
console.log('(An alert has the severity of its rule, a weakness one of its own: docs/reference/words.md#two-severities.)');
heading('One of the events');
console.log(membersOnLines(changes.find(({ event }) => event.action === 'port-opened') ?? {}));
portlog(['report'], ['--since', '2026-10-06', '--output', report], 'A report to hand over');
for (const name of readdirSync(folder))
  if (join(folder, name) !== report && join(folder, name) !== events) rmSync(join(folder, name), { recursive: true });
console.log(`Look at the report and the events in ${folder}, then: rm -r ${folder}\nNothing else of the tour is left on this machine.`);
heading('Next');
// With this Node: the one on the path may be too old for portlog.
console.log(
  `To type commands as the documentation prints them, type this first:\n  alias portlog='${process.execPath} ${join(ROOT, 'bin', 'portlog.js')}'\n`,
);
console.log(`portlog YOUR-SCAN.xml                                            a scan of yours, as a table
portlog setup elasticsearch --url https://es:9200 --api-key      then --to elasticsearch=https://es:9200
portlog run --config portlog.yaml                                scan on a schedule (docs/how-to/unattended.md)`);

/** Shows a command as it would be typed, and runs it; its state is that of the tour. */
function portlog(args: readonly string[], more: readonly string[] = [], title?: string): void {
  if (title !== undefined) heading(title);
  console.log(`$ portlog ${[...args, ...more].map((word) => word.replace(`${folder}/`, '')).join(' ')}`);
  const program = [join(ROOT, 'bin', 'portlog.js'), ...args, ...more, '--state-dir', folder];
  const { status } = spawnSync(process.execPath, program, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`portlog ended with ${status}`);
    process.exit(1);
  }
}

/** JSON with a line for each member. */
function membersOnLines(event: object): string {
  return `{\n${Object.entries(event)
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n')}\n}`;
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}
