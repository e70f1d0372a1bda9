import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { execSink } from '../../src/sink/exec/exec.ts';
import type { LogEvent } from '../../src/event/event.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { told } from '../support/alert-events.ts';
import { runPipeline } from '../support/delivery.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { freshDir } from '../support/run-portlog.ts';
import { ecs } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { program, gone, pidIn } from '../support/program.ts';

const EVENTS = Array.from({ length: 6 }, (_, i) => told({ action: 'port-opened', time: Date.now(), ip: '192.0.2.1', port: i + 1 }));

function open(command: readonly string[], more: Partial<OptionsOf<'exec'>> = {}): Sink {
  return execSink(sinkOptions('exec', { command, environment: { PATH: process.env['PATH'] }, eventsPerSecond: 1000, ...more }));
}

const send = (sink: Sink, event = EVENTS[0]!, signal = NEVER) => sink.send(batchOf(entriesOf(sink, [event])), signal);

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
  const { delivered, retry, rejected, refusal } = await send(open([program(script)], script.includes('sleep') ? { timeoutMs: 500 } : {}));
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

describe('programs that break the rules', () => {
  const large: LogEvent = { ...EVENTS[0]!, own: { ...EVENTS[0]!.own, message: 'x'.repeat(500_000) } };

  test.each([
    ['ends without reading', 'exit 0', { delivered: 1 }, undefined],
    ['closes its input, and goes on', 'exec <&-; sleep 0.2; exit 0', { delivered: 1 }, undefined],
    ['closes everything, and fails', 'exec <&- >&- 2>&-; sleep 0.2; exit 4', { rejected: 1 }, /^it ended with 4$/],
    ['reads a byte, and fails', 'head -c 1 > /dev/null; exit 5', { rejected: 1 }, /^it ended with 5$/],
    ['stops itself', 'kill -STOP $$; exit 0', { retry: 1 }, /^it had not ended after 0\.5 s$/],
    ['complains endlessly', 'yes complaint >&2', { retry: 1 }, /^it had not ended after 0\.5 s: complaint\\x0Acomplaint.{0,2000}$/],
    ['complains in one endless line', 'tr "\\0" x < /dev/zero >&2', { retry: 1 }, /^it had not ended after 0\.5 s: x{500}$/],
    ['prints endlessly', 'yes', { retry: 1 }, /^it had not ended after 0\.5 s$/],
    [
      'leaves others that complain endlessly',
      'yes >&2 & setsid yes >&2 & sleep 0.1; kill $!; exit 6',
      { rejected: 1 },
      /^it ended with 6: y.{0,2100}$/,
    ],
  ] as const)('one that %s', async (_, script, counts, reason) => {
    const since = performance.now();
    const { delivered, retry, rejected, refusal } = await send(
      open([program(script)], reason?.source.includes('0\\.5') === true ? { timeoutMs: 500 } : {}),
      large,
    );
    expect({ delivered, retry: retry.length, rejected: rejected.length }).toEqual({ delivered: 0, retry: 0, rejected: 0, ...counts });
    if (reason !== undefined) expect(refusal?.reason ?? rejected[0]?.reason).toMatch(reason);
    expect(performance.now() - since).toBeLessThan(15_000);
  });
});

test('a child process that keeps the output open delays nothing', async () => {
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
