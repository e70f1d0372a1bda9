import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { execSink } from '../../src/sink/exec/exec.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { told } from '../support/alert-events.ts';
import { runPipeline } from '../support/delivery.ts';
import { page } from '../support/docs.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { finished, freshDir, portlog, startPortlog, until } from '../support/run-portlog.ts';
import { ecs } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { named, scanOf } from '../support/story.ts';

const EVENTS = Array.from({ length: 6 }, (_, i) => told({ action: 'port-opened', time: Date.now(), ip: '192.0.2.1', port: i + 1 }));

/** A program of its own folder, which it has as $0's directory. */
function program(script: string, folder = freshDir()): string {
  const file = join(folder, 'respond');
  writeFileSync(file, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

function open(command: readonly string[], more: Partial<OptionsOf<'exec'>> = {}): Sink {
  return execSink(sinkOptions('exec', { command, environment: { PATH: process.env['PATH'] }, eventsPerSecond: 1000, ...more }));
}

const send = (sink: Sink, event = EVENTS[0]!, signal = NEVER) => sink.send(batchOf(entriesOf(sink, [event])), signal);

const gone = (pid: number): Promise<void> => until(() => isGone(pid));

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return true;
  }
}

async function pidIn(file: string): Promise<number> {
  await until(() => existsSync(file) && readFileSync(file, 'utf8').trim() !== '');
  return Number(readFileSync(file, 'utf8'));
}

describe('the contract', () => sinkContract(async () => open([program('cat > /dev/null')]), EVENTS));

test('the event comes on standard input, the arguments as they were written, and no secret in the environment', async () => {
  const file = program('cat > event; printf "%s\\n" "$@" > arguments; env > environment');
  const odd = ['$(id)', '; touch evil', 'a b', '*', '`id`'];
  expect(await send(open([file, ...odd]))).toMatchObject({ delivered: 1 });
  const read = (name: string): string => readFileSync(join(file, '..', name), 'utf8');
  expect(read('event')).toBe(`${JSON.stringify(ecs(EVENTS[0]!))}\n`);
  expect(read('arguments').trim().split('\n')).toEqual(odd);
  expect(existsSync(join(file, '..', 'evil'))).toBe(false);
  expect(
    read('environment')
      .match(/^\w+(?==)/gm)
      ?.filter((name) => !['PATH', 'PWD', 'SHLVL', 'OLDPWD', '_'].includes(name)),
  ).toEqual([]);
});

test.each([
  ['exit 0', { delivered: 1 }, undefined],
  ['exit 75', { retry: 1 }, 'it ended with 75'],
  ['echo later >&2; exit 75', { retry: 1 }, 'it ended with 75: later'],
  ['exit 1', { rejected: 1 }, 'it ended with 1'],
  ['printf "no such host\\033[2J\\n" >&2; exit 3', { rejected: 1 }, 'it ended with 3: no such host\\x1B[2J'],
  ['kill -SEGV $$', { rejected: 1 }, 'it was ended by SIGSEGV'],
  ['head -c 100000 /dev/zero | tr "\\0" x >&2; exit 2', { rejected: 1 }, `it ended with 2: ${'x'.repeat(500)}`],
  ['sleep 60', { retry: 1 }, 'it had not ended after 0.5 s'],
  ['trap "" TERM; sleep 60 & wait; sleep 60', { retry: 1 }, 'it had not ended after 0.5 s'],
])('%s', async (script, counts, reason) => {
  const { delivered, retry, rejected, refusal } = await send(open([program(script)], { timeoutMs: 500 }));
  expect({ delivered, retry: retry.length, rejected: rejected.length }).toEqual({ delivered: 0, retry: 0, rejected: 0, ...counts });
  expect(refusal?.reason ?? rejected[0]?.reason).toBe(reason);
});

test('what it has started is ended with it: at its end, when its time is over, and when portlog stops', async () => {
  const folder = freshDir();
  await send(open([program('sleep 60 & echo $! > child; exit 0', folder)]));
  await gone(await pidIn(join(folder, 'child')));
  const late = freshDir();
  await send(open([program('sleep 60 & echo $! > child; wait', late)], { timeoutMs: 300 }));
  await gone(await pidIn(join(late, 'child')));
  const stopped = freshDir();
  const stop = new AbortController();
  const sending = send(open([program('sleep 60 & echo $! > child; wait', stopped)]), EVENTS[0], stop.signal);
  const pid = await pidIn(join(stopped, 'child'));
  stop.abort();
  expect((await sending).retry).toHaveLength(1);
  await gone(pid);
});

test('one that leaves somebody behind who holds its output holds up nobody', async () => {
  const since = performance.now();
  expect(await send(open([program('setsid sleep 30 & exit 0')]))).toMatchObject({ delivered: 1 });
  expect(performance.now() - since).toBeLessThan(20_000);
});

test('no more run at the same time than that, and none faster', async () => {
  const file = program('cat > /dev/null; echo + >> running; sleep 0.3; echo - >> running');
  const sink = open([file], { concurrency: 2, eventsPerSecond: 1000 });
  const pipeline = await runPipeline(sink, EVENTS, { clock: CLOCK });
  expect(pipeline.account.tally).toMatchObject({ read: 6, delivered: 6 });
  let [now, most] = [0, 0];
  for (const line of readFileSync(join(file, '..', 'running'), 'utf8')
    .trim()
    .split('\n'))
    most = Math.max(most, (now += line === '+' ? 1 : -1));
  expect(most).toBe(2);
  const since = performance.now();
  await runPipeline(open([program('exit 0')], { concurrency: 6, eventsPerSecond: 5 }), EVENTS, { clock: CLOCK });
  expect(performance.now() - since).toBeGreaterThan(950);
});

test('what is refused is a dead letter, what is to be tried again waits, and the others are dealt with', async () => {
  const file = program('case "$(cat)" in *\'"port":2\'*) echo "not that one" >&2; exit 1;; *\'"port":3\'*) exit 75;; esac');
  const pipeline = await runPipeline(open([file]), EVENTS, { clock: CLOCK, retryForMs: 50 });
  const { read, delivered, dead, spooled } = pipeline.account.tally;
  expect({ read, delivered, dead, spooled }).toEqual({ read: 6, delivered: 4, dead: 1, spooled: 1 });
  expect(pipeline.firstRejection).toBe('it ended with 1: not that one');
});

test('a program that is not there needs a person, and nothing is lost', async () => {
  const sink = open([join(freshDir(), 'nothing')]);
  await expect(sink.check(NEVER)).rejects.toMatchObject({
    kind: 'permanent',
    message: expect.stringContaining('cannot be run: there is no such file'),
  });
  const pipeline = await runPipeline(sink, EVENTS, { clock: CLOCK, retryForMs: 50 });
  expect(pipeline.account.tally).toMatchObject({ read: 6, spooled: 6 });
});

describe('the program of the page', () => {
  const folder = freshDir();
  const file = join(folder, 'quarantine');
  const [, script = ''] = /^```python\n([^]*?)^```/m.exec(page('docs/how-to/respond.md')) ?? [];
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  const nft = (script: string): Sink => {
    writeFileSync(join(folder, 'nft'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'nft'), 0o755);
    return open([file, '192.0.2.0/24'], { environment: { PATH: `${folder}:${process.env['PATH']}` }, timeoutMs: 20_000 });
  };

  test('puts an address into the set, leaves others alone, asks for another time, and takes nothing but an address', async () => {
    const sink = nft(`printf '%s\\n' "$*" >> ${join(folder, 'calls')}`);
    expect(await send(sink)).toMatchObject({ delivered: 1 });
    expect(await send(sink, told({ action: 'host-new', time: Date.now(), ip: '198.51.100.1' }))).toMatchObject({ delivered: 1 });
    const hostile = await send(sink, told({ action: 'host-new', time: Date.now(), ip: '192.0.2.1 }; flush ruleset; #' }));
    expect(hostile.rejected[0]?.reason).toMatch(/^it ended with 1: /);
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe('add element inet filter quarantine { 192.0.2.1 timeout 1d }\n');
    const busy = await send(nft('echo "Could not process rule: Device or resource busy" >&2; exit 1'));
    expect([busy.retry.length, busy.refusal?.reason]).toEqual([1, expect.stringContaining('resource busy')]);
  });
});

describe('the command', () => {
  const scan = (folder: string, daysAgo: number, ...ports: readonly string[]): string => {
    const file = join(folder, `${daysAgo}.xml`);
    writeFileSync(file, scanOf({ daysAgo, hosts: [{ ip: '192.0.2.10', ports: [named(80, 'http'), ...ports] }] }, Date.now()));
    return file;
  };
  const configOf = (folder: string, command: readonly string[], more = ''): string => {
    const config = join(folder, 'portlog.yaml');
    writeFileSync(config, `sinks:\n  - { type: exec, command: ${JSON.stringify(command)}, only: { rules: [new-open-port] }${more} }\n`);
    return config;
  };

  test('answers to what is new, once', async () => {
    const folder = freshDir();
    const file = program('cat >> events', folder);
    const args = ['--config', configOf(folder, [file]), '--state-dir', join(folder, 'state'), scan(folder, 3), scan(folder, 1, named(7777, 'cbt'))];
    expect((await portlog(args)).code).toBe(0);
    expect((await portlog(args)).code).toBe(0);
    expect((await portlog(['--again', ...args])).code).toBe(0);
    const events = readFileSync(join(folder, 'events'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { server: { port: number } });
    expect(events.map(({ server }) => server.port)).toEqual([7777]);
  });

  test('killed while it runs: the program is ended, and runs again', async () => {
    const folder = freshDir();
    const file = program('cat >> events; echo $$ > pid; [ -e second ] || sleep 60', folder);
    const args = ['--config', configOf(folder, [file]), '--state-dir', join(folder, 'state'), scan(folder, 3), scan(folder, 1, named(7777, 'cbt'))];
    const child = startPortlog(args);
    const pid = await pidIn(join(folder, 'pid'));
    child.kill('SIGKILL');
    await finished(child);
    await gone(pid);
    writeFileSync(join(folder, 'second'), '');
    expect((await portlog(args)).code).toBe(0);
    expect(readFileSync(join(folder, 'events'), 'utf8').trim().split('\n')).toHaveLength(2);
  }, 30_000);

  test.each([
    [['--to', 'exec=/bin/true'], {}],
    [['--to', 'exec'], {}],
    [[], { PORTLOG_TO: 'exec=/bin/true' }],
  ])('%j %j is refused: it is for the configuration only', async (args, env) => {
    const { code, stderr } = await portlogHere([...args, 'examples/loopback.xml'], env);
    expect([code, stderr]).toEqual([2, expect.stringContaining('named in the configuration file only')]);
  });

  test.each([
    ['{ type: exec }', 'needs a program'],
    ['{ type: exec, command: [respond] }', 'the whole path of a program'],
    ['{ type: exec, command: /bin/true }', 'command: must be a list'],
    ['{ type: exec, url: "https://x" }', 'did you mean "command"?'],
    ['{ type: http, url: "https://x", command: [/bin/true] }', 'a sink of type http has no "command"'],
  ])('%s is refused', async (sink, sentence) => {
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks: [${sink}]\n`);
    const { code, stderr } = await portlogHere(['check', '--config', config], {});
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });

  test.skipIf(process.getuid?.() !== 0).each(['the program', 'a script among the arguments', 'the configuration'])(
    '%s that others may write is refused as root',
    async (what) => {
      const folder = freshDir();
      const file = program('exit 0', folder);
      const script = join(folder, 'script');
      writeFileSync(script, '');
      const config = configOf(folder, [file, script]);
      chmodSync(what === 'the program' ? file : what === 'the configuration' ? config : script, 0o777);
      const { code, stderr } = await portlogHere(['check', '--config', config], {});
      expect([code, stderr]).toEqual([2, expect.stringContaining('may be written by everyone, and portlog runs as root')]);
    },
  );

  test('check says what it may do', async () => {
    const folder = freshDir();
    const file = program('touch ran', folder);
    const { stdout } = await portlog(['check', '--config', configOf(folder, [file], ', timeoutSeconds: 5'), '--state-dir', join(folder, 'state')]);
    expect(stdout).toContain(`${file} can be run; at most 4 at the same time, 10 a second, 5 s each`);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});
