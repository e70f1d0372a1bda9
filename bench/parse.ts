import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeScan } from './generate.ts';
import { median, type Run, runPortlog, spread } from './run.ts';

/**
 * How fast a file becomes ECS events: on standard output, and in a file with an empty state, compared. Beside it `xmllint --stream --noout` on
 * the same file, and with `--against DIRECTORY` another checkout that was built, all in turns: machines differ and are noisy, ratios less so.
 * `npm run bench -- 10 1000 scan.xml` names sizes in MB of scans that are made up, or files; 0.3, 10 and 100 are the default.
 */
const ROUNDS = 5;
const HERE = fileURLToPath(new URL('..', import.meta.url));
const folder = join(tmpdir(), 'portlog-bench');

/** A way to ship a file; `work` is an empty directory. */
interface Way {
  readonly name: string;
  readonly isBesideXmllint: boolean;
  readonly args: (path: string, work: string) => readonly string[];
}

const WAYS: readonly Way[] = [
  { name: 'standard output', isBesideXmllint: true, args: (path) => ['-q', '--json', '--all', path] },
  {
    name: 'a file, compared',
    isBesideXmllint: false,
    args: (path, work) => ['-q', '--json', '--state-dir', join(work, 'state'), '--to', `file=${join(work, 'events')}`, path],
  },
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { against: { type: 'string' } } });
mkdirSync(folder, { recursive: true });
for (const input of positionals.length === 0 ? ['0.3', '10', '100'] : positionals) {
  const path = Number.isNaN(Number(input)) ? resolve(input) : madeUp(Number(input));
  for (const way of WAYS) await measure(path, way, values.against);
}

function madeUp(megabytes: number): string {
  const path = join(folder, `scan-${megabytes}.xml`);
  if (!existsSync(path)) writeScan(path, megabytes);
  return path;
}

async function measure(path: string, way: Way, against: string | undefined): Promise<void> {
  const [runs, others, xmllints]: [Run[], Run[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    if (way.isBesideXmllint) xmllints.push(xmllint(path));
    if (against !== undefined) others.push(await run(against, path, way));
    runs.push(await run(HERE, path, way));
  }
  const size = statSync(path).size / 1e6;
  const wall = median(runs.map((one) => one.wall));
  const events = runs[0]?.events ?? 0;
  console.log(
    `${size.toFixed(1)} MB to ${way.name}: ${events.toLocaleString('en-US')} events in ${wall.toFixed(2)} s, ${(size / wall).toFixed(0)} MB/s, processor time ${median(runs.map(({ cpu }) => cpu)).toFixed(2)} s, peak ${median(runs.map(({ rssMb }) => rssMb))} MB`,
  );
  const ofXmllint = runs.map((one, i) => one.wall / (xmllints[i] ?? Number.NaN));
  if (way.isBesideXmllint) console.log(xmllints.includes(Number.NaN) ? '  xmllint is not installed' : `  of xmllint: time ${spread(ofXmllint)}`);
  if (against === undefined) return;
  const ratios = (what: 'wall' | 'cpu' | 'rssMb'): string => spread(runs.map((one, i) => one[what] / (others[i]?.[what] ?? Number.NaN)));
  console.log(`  of ${against}: time ${ratios('wall')}, processor time ${ratios('cpu')}, peak ${ratios('rssMb')}`);
}

async function run(checkout: string, path: string, way: Way): Promise<Run> {
  const work = mkdtempSync(join(folder, 'run-'));
  try {
    return await runPortlog(checkout, way.args(path, work));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Seconds; NaN where it is not installed. */
function xmllint(path: string): number {
  const start = process.hrtime.bigint();
  try {
    execFileSync('xmllint', ['--stream', '--noout', path], { stdio: 'ignore' });
  } catch {
    return Number.NaN;
  }
  return Number(process.hrtime.bigint() - start) / 1e9;
}
