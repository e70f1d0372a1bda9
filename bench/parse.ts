import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeScan } from './generate.ts';

/**
 * How fast a file becomes ECS events on standard output, beside `xmllint --stream --noout` on the
 * same file in the same run, in pairs: machines differ and are noisy, ratios less so.
 * `npm run bench -- 10 100 1000` names the sizes in MB; 10 and 100 are the default.
 */
const ROUNDS = 5;
const LAUNCHER = fileURLToPath(new URL('../bin/portlog.js', import.meta.url));
const folder = join(tmpdir(), 'portlog-bench');
mkdirSync(folder, { recursive: true });

const sizes = process.argv.slice(2).map(Number);
for (const megabytes of sizes.length === 0 ? [10, 100] : sizes) measure(megabytes);

function measure(megabytes: number): void {
  const path = join(folder, `scan-${megabytes}.xml`);
  if (!existsSync(path)) writeScan(path, megabytes);
  const rounds = Array.from({ length: ROUNDS }, () => ({ xmllint: xmllint(path), portlog: portlog(path) }));
  const seconds = median(rounds.map(({ portlog: { wall } }) => wall));
  const { events, rssMb } = rounds[0]?.portlog ?? { events: 0, rssMb: 0 };
  const size = statSync(path).size / 1e6;
  const ratios = rounds.flatMap(({ xmllint: base, portlog: { wall } }) => (base === undefined ? [] : [wall / base]));
  const ratio =
    ratios.length === 0
      ? 'xmllint is not installed'
      : `${median(ratios).toFixed(2)} times xmllint (${ratios.map((one) => one.toFixed(2)).join(' ')})`;
  console.log(
    `${megabytes} MB: ${seconds.toFixed(2)} s, ${(size / seconds).toFixed(0)} MB/s, ${Math.round(events / seconds).toLocaleString('en-US')} events/s, peak ${rssMb} MB, ${ratio}`,
  );
}

function portlog(path: string): { wall: number; events: number; rssMb: number } {
  const script = `process.on('exit', () => process.stderr.write('\\nRSS ' + process.resourceUsage().maxRSS)); process.argv[1] = ${JSON.stringify(LAUNCHER)}; import(${JSON.stringify(LAUNCHER)});`;
  const start = process.hrtime.bigint();
  const { stderr } = spawnSync(process.execPath, ['-e', script, '--', LAUNCHER, '-q', '--json', '--all', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const summary = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')) ?? '{}') as { sinks?: { delivered: number }[] };
  return { wall, events: summary.sinks?.[0]?.delivered ?? 0, rssMb: Math.round(Number(/RSS (\d+)/.exec(stderr)?.[1] ?? 0) / 1024) };
}

function xmllint(path: string): number | undefined {
  const start = process.hrtime.bigint();
  try {
    execFileSync('xmllint', ['--stream', '--noout', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
