import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { execSink } from '../../src/sink/exec/exec.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { told } from '../support/alert-events.ts';
import { page } from '../support/docs.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { finished, freshDir, portlog, startPortlog } from '../support/run-portlog.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { named, scanOf } from '../support/story.ts';
import { program, pidIn, gone } from '../support/program.ts';

const EVENTS = Array.from({ length: 6 }, (_, i) => told({ action: 'port-opened', time: Date.now(), ip: '192.0.2.1', port: i + 1 }));

function open(command: readonly string[], more: Partial<OptionsOf<'exec'>> = {}): Sink {
  return execSink(sinkOptions('exec', { command, environment: { PATH: process.env['PATH'] }, eventsPerSecond: 1000, ...more }));
}

const send = (sink: Sink, event = EVENTS[0]!, signal = NEVER) => sink.send(batchOf(entriesOf(sink, [event])), signal);

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

  test('adds an address to the nft set, ignores other networks, asks for a retry, and accepts only addresses', async () => {
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
  }, 120_000);

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
      const config = configOf(folder, what === 'a script among the arguments' ? ['/bin/sh', script] : [file, script]);
      chmodSync(what === 'the program' ? file : what === 'the configuration' ? config : script, 0o777);
      const { code, stderr } = await portlogHere(['check', '--config', config], {});
      expect([code, stderr]).toEqual([2, expect.stringContaining('may be written by everyone, and portlog runs as root')]);
    },
  );

  test.skipIf(process.getuid?.() !== 0).each([
    ['a relative program behind a directory', (folder: string) => ['/usr/bin/env', `--chdir=${folder}`, './script']],
    ['a file within the text of a shell', (folder: string) => ['/bin/sh', '-c', `. ${folder}/script`]],
    ['the interpreter of a script', (folder: string) => [join(folder, 'interpreted')]],
    ['an option of an interpreter', (folder: string) => ['/usr/bin/perl', `-I${folder}/script`, '-e', '1']],
  ] as const)('%s that others may write is refused as root, too', async (_, command) => {
    const folder = freshDir();
    for (const [name, text] of [
      ['script', '#!/bin/sh\n'],
      ['interpreted', `#!${folder}/script\n`],
    ] as const)
      writeFileSync(join(folder, name), text, { mode: 0o755 });
    const config = configOf(folder, command(folder));
    const run = (): Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: string }> =>
      portlogHere(['check', '--config', config, '--state-dir', join(folder, 'state')], {});
    expect((await run()).code).toBe(0);
    chmodSync(join(folder, 'script'), 0o777);
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${join(folder, 'script')} may be written by everyone, and portlog runs as root`)]);
  });

  test('a program runs in the root of the file system, with the path of the system', async () => {
    const folder = freshDir();
    const file = join(folder, 'where');
    writeFileSync(file, `#!/bin/sh\npwd > ${folder}/pwd; printf '%s' "$PATH" > ${folder}/path\n`, { mode: 0o755 });
    const args = ['--config', configOf(folder, [file]), '--state-dir', join(folder, 'state'), scan(folder, 3), scan(folder, 1, named(7777, 'cbt'))];
    expect((await portlog(args, { env: { PATH: `${folder}:${process.env['PATH']}` } })).code).toBe(0);
    expect(readFileSync(join(folder, 'pwd'), 'utf8')).toBe('/\n');
    expect(readFileSync(join(folder, 'path'), 'utf8')).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  });

  test.each([
    [['/bin/sh', '-c', 'true'], 0, 'gets a program within its arguments (-c)'],
    [['/no/such'], 2, '/no/such cannot be run: there is no such file'],
    [['/etc'], 2, '/etc cannot be run: permission is denied'],
  ] as const)('check of %j', async (command, expected, words) => {
    const folder = freshDir();
    const { code, stdout } = await portlogHere(['check', '--config', configOf(folder, command), '--state-dir', join(folder, 'state')], {});
    expect([code, stdout]).toEqual([expected, expect.stringContaining(words)]);
  });

  test('check finds an interpreter that is not there', async () => {
    const folder = freshDir();
    writeFileSync(join(folder, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const { code, stdout } = await portlogHere(
      ['check', '--config', configOf(folder, [join(folder, 'script')]), '--state-dir', join(folder, 'state')],
      {},
    );
    expect([code, stdout]).toEqual([2, expect.stringContaining('the interpreter in its first line does not exist')]);
  });

  test('an argument that cannot be passed to a program is refused', async () => {
    for (const [word, words] of [
      ['a\\0b', 'has a NUL character in it'],
      ['x'.repeat(50_000), 'cannot be given to a program'],
    ] as const) {
      const config = join(freshDir(), 'portlog.yaml');
      writeFileSync(config, `sinks: [{ type: exec, command: [/bin/true, "${word}"] }]\n`);
      const { code, stderr } = await portlogHere(['check', '--config', config], {});
      expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  test('check says what it may do', async () => {
    const folder = freshDir();
    const file = program('touch ran', folder);
    const { stdout } = await portlog(['check', '--config', configOf(folder, [file], ', timeoutSeconds: 5'), '--state-dir', join(folder, 'state')]);
    expect(stdout).toContain(`${file} can be run; at most 4 at the same time, 10 a second, 5 s each`);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});
