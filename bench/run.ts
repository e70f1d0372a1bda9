import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** A run of portlog, as it tells itself when it ends. */
export interface Run {
  /** Events that the first sink has taken. */
  readonly events: number;
  /** Seconds, its start included. */
  readonly wall: number;
  /** Seconds of processor time, of all its threads. */
  readonly cpu: number;
  /** Peak memory in MiB. */
  readonly rssMb: number;
}

const USAGE =
  'process.on("exit",()=>{const u=process.resourceUsage();process.stderr.write("\\nUSAGE "+(u.userCPUTime+u.systemCPUTime)+" "+u.maxRSS+"\\n")})';

/** Runs the portlog of a checkout, built before, in a process of its own; its output is thrown away. `args` are to contain `--json`. */
export async function runPortlog(checkout: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const begin = process.hrtime.bigint();
  const stderr = await runNode([join(checkout, 'bin', 'portlog.js'), ...args], {
    ...env,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(USAGE)}`,
  });
  const wall = Number(process.hrtime.bigint() - begin) / 1e9;
  const summary = stderr.split('\n').find((line) => line.startsWith('{'));
  const [, cpu, rss] = /USAGE (\d+) (\d+)/.exec(stderr) ?? [];
  if (summary === undefined || cpu === undefined) throw new Error(`portlog ${args.join(' ')} failed: ${stderr}`);
  const { sinks } = JSON.parse(summary) as { readonly sinks: readonly { readonly delivered: number }[] };
  return { events: sinks[0]?.delivered ?? 0, wall, cpu: Number(cpu) / 1e6, rssMb: Math.round(Number(rss) / 1024) };
}

/** Runs a script with this Node, and gives what it has written to standard error. */
export function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('close', () => resolve(stderr));
  });
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** The median of ratios, with the least and the greatest. */
export function spread(ratios: readonly number[]): string {
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
}
