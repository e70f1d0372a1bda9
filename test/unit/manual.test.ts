import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/cli/command.ts';
import { allCommands } from '../../src/cli/commands.ts';
import { manualPages } from '../../tools/manual/pages.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';

const run = promisify(execFile);
const COMMANDS = await allCommands();
const EDITION = { version: '1.2.3', date: '2026-01-31' };

function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}

/** The pages as files, where man would look for them. */
function written(commands: readonly Command[]): Readonly<Record<string, string>> {
  const folder = join(freshDir(), 'man1');
  mkdirSync(folder);
  const paths = [...manualPages(commands, EDITION)].map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return [name, join(folder, name)] as const;
  });
  return Object.fromEntries(paths);
}

/** What a reader sees, in one line. */
async function read(path: string): Promise<string> {
  const { stdout } = await run('mandoc', ['-Tutf8', '-O', 'width=900', path]);
  return stdout.replaceAll(/.\u0008/g, '').replaceAll(/\s+/g, ' ');
}

test('there is a page for portlog and one for each command', () => {
  expect([...manualPages(COMMANDS, EDITION).keys()]).toEqual(['portlog.1', ...COMMANDS.map(({ name }) => `portlog-${name}.1`)]);
});

describe.skipIf(!isThere('mandoc'))('read by mandoc', () => {
  const paths = written(COMMANDS);

  test.for(Object.keys(paths))('%s is well formed', async (name) => {
    const { stdout, stderr } = await run('mandoc', ['-Tlint', '-W', 'style', paths[name] ?? '']).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    const faults = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line !== '' && !/referenced manual not found|input text line longer than 80 bytes/.test(line));
    expect(faults).toEqual([]);
  });

  test('each page says what help says: every option, its variable, every example, task and exit code', async () => {
    for (const { name, options, examples, tasks = [], exits = {} } of COMMANDS) {
      const text = await read(paths[`portlog-${name}.1`] ?? '');
      const wanted = [
        ...Object.entries(options).flatMap(([option, { alias, about }]) => [
          `--${option}`,
          `PORTLOG_${option.toUpperCase().replaceAll('-', '_')}`,
          alias === undefined ? '' : `-${alias}`,
          about.slice(1),
        ]),
        ...examples.map(({ line }) => line),
        ...tasks.map(({ summary }) => summary.slice(1)),
        ...Object.values(exits).flatMap((meaning) => meaning?.slice(1) ?? []),
      ];
      expect(
        wanted.filter((part) => !text.includes(part.replaceAll(/\s+/g, ' '))),
        name,
      ).toEqual([]);
    }
  });

  test('what roff would take for its own stands as it is', async () => {
    const odd = String.raw`.TH it's \fBnot\fR "a request" -- \(em … ’ .`;
    const command = { ...(COMMANDS[0] as Command), name: 'odd', about: [odd, `'br ${odd}`], examples: [{ line: `.${odd}`, about: odd }] };
    const path = written([command])['portlog-odd.1'] ?? '';
    const text = await read(path);
    expect(text.split(odd)).toHaveLength(5);
    expect(text).toContain(`'br ${odd}`);
  });
});

test.skipIf(!isThere('groff'))('groff has nothing to say about them', async () => {
  const { stderr } = await run('groff', ['-man', '-ww', '-Tutf8', ...Object.values(written(COMMANDS))], { maxBuffer: 1 << 24 });
  expect(stderr).toBe('');
});

test('npm is told of each page, and puts it where man looks', () => {
  const { man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly man: readonly string[] };
  expect(man).toEqual([...manualPages(COMMANDS, EDITION)].map(([name]) => `./dist/man/${name}`).toSorted());
});
