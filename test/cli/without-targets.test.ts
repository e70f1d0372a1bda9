import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { targetProblem } from '../../src/source/nmap-targets.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

const NONE = 'the arguments of nmap name no target, so it would look at nothing';
const folder = freshDir();
const list = join(folder, 'targets');
writeFileSync(list, '192.0.2.1\n');
const pipe = join(folder, 'pipe');
spawnSync('mkfifo', [pipe]);

test.for<readonly [args: string, problem: string | undefined]>([
  ['-sV', NONE],
  ['-p 80 --top-ports 10', NONE],
  ['--exclude 192.0.2.1', NONE],
  ['-sV 192.0.2.1', undefined],
  ['192.0.2.1 -sV', undefined],
  [`-iL ${list}`, undefined],
  ['-iL -', undefined],
  ['-iR 10', undefined],
  ['--resume scan.xml', undefined],
  ['--script targets-sniffer --script-args newtargets', undefined],
  [`-iL ${folder}/none`, `nmap is to read ${folder}/none, which is not there`],
  [`-iL ${pipe}`, `nmap is to read ${pipe}, which is a pipe: it waits for a writer`],
  [`192.0.2.0/24 --excludefile ${pipe}`, `nmap is to read ${pipe}, which is a pipe: it waits for a writer`],
])('nmap %s', ([args, problem]) => {
  expect(targetProblem(args.split(' '))).toBe(problem);
});

test('check warns of a schedule that would look at nothing, and of no other', async () => {
  const config = join(freshDir(), 'portlog.yaml');
  writeFileSync(
    config,
    'schedules:\n  - { name: empty, cron: "@daily", nmap: [-sV] }\n  - { name: right, cron: "@daily", nmap: [-sV, 192.0.2.1] }\n',
  );
  const { stdout } = await portlogHere(['check', '--config', config]);
  expect(stdout).toMatch(new RegExp(`warning schedule empty: next [-0-9T:.Z]+, but ${NONE}\\n +→ write options and targets under nmap`));
  expect(stdout).toMatch(/ok {6}schedule right: next [-0-9T:.Z]+\n/);
});
