import type { Command } from './command.ts';
import { MESSAGE_OPTIONS } from './session/options.ts';

/** Commands in the order of help, loaded on demand: ajv, undici and SQLite take longer to load than the rest. */
const COMMANDS = {
  ship: async () => (await import('./commands/ship.ts')).ship,
  scan: async () => (await import('./commands/scan.ts')).scan,
  watch: async () => (await import('./commands/watch.ts')).watch,
  run: async () => (await import('./commands/run.ts')).run,
  status: async () => (await import('./commands/status.ts')).status,
  diff: async () => (await import('./commands/diff.ts')).diff,
  inventory: async () => (await import('./commands/inventory.ts')).inventory,
  findings: async () => (await import('./commands/findings.ts')).findings,
  report: async () => (await import('./commands/report.ts')).report,
  exposure: async () => (await import('./commands/exposure.ts')).exposure,
  replay: async () => (await import('./commands/replay.ts')).replay,
  setup: async () => (await import('./commands/setup.ts')).setup,
  check: async () => (await import('./commands/check.ts')).check,
  completion: async () => (await import('./commands/completion.ts')).completionOf(allCommands),
} as const satisfies Record<string, () => Promise<Command>>;
export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

/** With the options that every command has. */
export async function commandOf(name: CommandName): Promise<Command> {
  const command = await COMMANDS[name]();
  return { ...command, options: { ...command.options, ...MESSAGE_OPTIONS } };
}

/** All commands, for help, docs/reference/cli.md, man pages and completion. */
export async function allCommands(): Promise<readonly Command[]> {
  return Promise.all(COMMAND_NAMES.map(commandOf));
}
