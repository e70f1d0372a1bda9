import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { allCommands } from '../../src/cli/commands.ts';
import { SINKS } from '../../src/cli/completion/command.ts';
import { completion, SHELLS, type Shell } from '../../src/cli/completion/completion.ts';
import { createSink } from '../../src/sink/registry.ts';
import { freshDir } from '../support/run-portlog.ts';

const run = promisify(execFile);
const there = new Set<Shell>();
for (const shell of SHELLS)
  await run(shell, ['-c', 'true']).then(
    () => there.add(shell),
    () => undefined,
  );

/** What stands on the line, and the one word that completes the last of it. */
const CASES: readonly (readonly [line: string, word: string])[] = [
  ['portlog sc', 'scan'],
  ['portlog exposure ini', 'init'],
  ['portlog setup elastics', 'elasticsearch'],
  ['portlog setup elasticsearch --exp', '--export'],
  ['portlog --compr', '--compression'],
  ['portlog scan --nm', '--nmap'],
  ['portlog diff --format u', 'unified'],
  ['portlog --format e', 'ecs'],
  ['portlog --to elas', 'elasticsearch='],
  ['portlog befo', 'before.xml'],
  ['portlog report -o befo', 'before.xml'],
  ['portlog diff --config befo', 'before.xml'],
  ['portlog watch nig', 'nights/'],
  ['portlog ship --state-dir nig', 'nights/'],
];

const COMMANDS = await allCommands();

let folder: string;
beforeAll(() => {
  folder = freshDir();
  mkdirSync(join(folder, 'nights'));
  mkdirSync(join(folder, 'fpath'));
  for (const name of ['before.xml', 'nights.xml']) writeFileSync(join(folder, name), '');
  for (const shell of SHELLS) writeFileSync(join(folder, `completion.${shell}`), completion(shell, COMMANDS));
  writeFileSync(join(folder, 'fpath/_portlog'), completion('zsh', COMMANDS));
});

/** What bash offers; it hands the words over as it divides them, at each = too. */
async function bashOffers(line: string): Promise<readonly string[]> {
  const script = `source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _portlog; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const words = line.split(/ |(=)/).filter((word) => word !== undefined);
  const { stdout } = await run('bash', ['--norc', '-c', script, 'bash', ...words], { cwd: folder });
  return stdout.split('\n').filter((word) => word !== '');
}

async function fishOffers(line: string): Promise<readonly string[]> {
  const env = { PATH: process.env['PATH'], HOME: folder };
  const { stdout } = await run('fish', ['--no-config', '-c', `source completion.fish; complete -C '${line}'`], { cwd: folder, env });
  return stdout.split('\n').flatMap((offer) => (offer === '' ? [] : [offer.split('\t')[0] ?? '']));
}

/** What zsh, on a terminal, has made of each line after the tabulator. */
async function zshMakes(lines: readonly string[]): Promise<readonly string[]> {
  const set = `PS1=; fpath=($PWD/fpath $fpath); autoload -U compinit; compinit -u -d $PWD/dump
show() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N show; bindkey '^G' show; setopt no_auto_menu; unsetopt beep; print ready`;
  writeFileSync(join(folder, 'set.zsh'), set);
  const shell = spawn('script', ['-qec', 'zsh -f -i', '/dev/null'], { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb' } });
  let said = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere() && shell.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const made = (): readonly string[] => [...said.matchAll(/<<(portlog .*?)>>/g)].map(([, line = '']) => line.trim());
  shell.stdin.write('source set.zsh\n');
  await until(() => /ready\r?\n/.test(said));
  for (const [i, line] of lines.entries()) {
    shell.stdin.write(`${line}\t\u0007`);
    await until(() => made().length > i);
  }
  shell.stdin.end('exit\n');
  return made();
}

describe.skipIf(!there.has('bash'))('bash', () => {
  test.for(CASES)('%s: %s', async ([line, word]) => {
    expect(await bashOffers(line)).toEqual([word.replace(/\/$/, '')]);
  });

  test.for([
    ['portlog diff --format=j', ['json']],
    ['portlog diff --format=', ['table', 'json', 'unified']],
    ['portlog --to=elas', ['elasticsearch=']],
    ['portlog --to ex', []],
    ['portlog replay --from ex', ['exec']],
    ['portlog scan -- -oX befo', ['before.xml']],
    ['portlog run ', []],
    ['portlog exposure ', ['init', 'check']],
    ['portlog --site nig', []],
  ] as const)('%s: %j', async ([line, words]) => {
    expect(await bashOffers(line)).toEqual(words);
  });

  test('offers every command, and every option of each', async () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(await bashOffers('portlog ')).toEqual(expect.arrayContaining(names));
    for (const { name, options } of COMMANDS)
      expect(await bashOffers(`portlog ${name} --`)).toEqual([...Object.keys(options).map((option) => `--${option}`), '--help', '--version']);
  });
});

describe.skipIf(!there.has('fish'))('fish', () => {
  test.for(CASES)('%s: %s', async ([line, word]) => {
    expect(await fishOffers(line)).toEqual([word]);
  });

  test('offers every command, and every option of each', async () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(await fishOffers('portlog ')).toEqual(expect.arrayContaining(names));
    for (const { name, options } of COMMANDS)
      expect((await fishOffers(`portlog ${name} --`)).toSorted()).toEqual(
        [...Object.keys(options).map((option) => `--${option}`), '--help', '--version'].toSorted(),
      );
  });
});

test.skipIf(!there.has('zsh'))(
  'zsh completes each of these lines',
  async () => {
    const lines = CASES.map(([line, word]) => line.replace(/\S+$/, word));
    const made = await zshMakes(CASES.map(([line]) => line));
    // An option with a value goes on with =.
    expect(made.map((line) => line.replace(/(--[\w-]+)=$/, '$1'))).toEqual(lines);
  },
  60_000,
);

test('the sinks that a shell offers are those that there are', async () => {
  const unknown = await createSink({ type: 'none' } as never).then(
    () => '',
    ({ hint }: { readonly hint: string }) => hint,
  );
  expect(SINKS.map((word) => word.replace('=', '')).toSorted()).toEqual(unknown.replace('there are: ', '').split(', ').toSorted());
});
