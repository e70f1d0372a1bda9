/** The checks before pushing, the fastest first, so that a slip is found in seconds. CI runs the same, and more. */
export const STEPS: readonly (readonly [what: string, ...command: readonly string[]])[] = [
  ['what is generated is up to date (npm run generate)', 'node', 'tools/generate.ts', '--check'],
  ['types', 'npm', 'run', 'types'],
  ['layers, lint and format (npm run format)', 'npm', 'run', 'lint'],
  ['nothing is unused', 'npm', 'run', 'unused'],
  ['tests in process', 'npm', 'test'],
  ['tests of the command and of the pages', 'npm', 'run', 'test:command'],
];
