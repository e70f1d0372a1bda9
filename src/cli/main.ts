import { fstatSync } from 'node:fs';
import { type Environment, environment } from '../core/environment.ts';
import { EXIT, type ExitCode, PortlogError } from '../core/errors.ts';
import { PORTLOG_VERSION } from '../event/context.ts';
import { SinkError } from '../sink/sink.ts';
import { commandContext } from './session/context.ts';
import { sinkErrorCode } from './session/diagnose.ts';
import { limitHeap } from './session/heap.ts';
import { allCommands, commandOf } from './commands.ts';
import { fromEnvironment } from './option.ts';
import { parseArguments } from './parse.ts';
import { type Route, route } from './route.ts';
import { logFormatOf } from './session/log-format.ts';
import { Log } from './session/log.ts';
import { print, type Terminal } from './session/terminal.ts';

/** The command as a process: its exit code is set. Never throws. */
export async function run(args: readonly string[]): Promise<void> {
  limitHeap();
  const terminal: Terminal = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin };
  // Who writes to standard output learns of it from the write; what is said to people is said to nobody then.
  for (const stream of [terminal.stdout, terminal.stderr]) stream.on('error', () => undefined);
  process.exitCode = await execute(args, environment(), terminal);
}

/** Parses, does what was asked for, and resolves with the exit code. Never rejects. */
export async function execute(args: readonly string[], env: Environment, terminal: Terminal): Promise<ExitCode> {
  try {
    const asked = asksForVersion(args, terminal) ? ({ kind: 'version' } as const) : await route(args);
    return await perform(asked, env, terminal);
  } catch (error) {
    return report(error, new Log(terminal.stderr, 'normal', logFormatOf({ 'log-format': env['PORTLOG_LOG_FORMAT'] }, env)));
  }
}

/** `-v` is --verbose; alone, and with no scan to read, nothing else can be meant than the version. A pipe is read as ever: a scan happens once. */
function asksForVersion(args: readonly string[], { stdin }: Terminal): boolean {
  return args.length === 1 && args[0] === '-v' && (stdin.isTTY === true || !bringsScan());
}

/** Not of a terminal, and not of `/dev/null`. */
function bringsScan(): boolean {
  try {
    return !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
}

async function perform(route: Route, env: Environment, terminal: Terminal): Promise<ExitCode> {
  if (route.kind !== 'command') {
    await print(terminal, `${route.kind === 'version' ? PORTLOG_VERSION : await helpText(route)}\n`);
    return EXIT.delivered;
  }
  const command = await commandOf(route.name);
  const { values, words } = await parseArguments(command, route.args);
  const context = commandContext({ ...fromEnvironment(command.options, env), ...values }, env, terminal);
  try {
    return await command.run(context, words);
  } catch (error) {
    return report(error, context.log);
  }
}

async function helpText(route: Exclude<Route, { kind: 'command' | 'version' }>): Promise<string> {
  if (route.kind === 'page') return (await import('./page.ts')).pageText(route.path);
  const { commandHelp, overview } = await import('./help.ts');
  const { name } = route;
  return name === undefined ? overview(await allCommands()) : commandHelp(await commandOf(name));
}

function report(error: unknown, log: Log): ExitCode {
  if (error instanceof PortlogError) {
    log.error(error);
    return error.exitCode;
  }
  if (error instanceof SinkError) {
    log.error(error);
    return sinkErrorCode(error.kind);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error({ message: `this is a mistake in portlog: ${text}`, hint: undefined });
  // Not as a wrong configuration ends: whoever supervises portlog is to start it again.
  return new PortlogError('mistake', '').exitCode;
}
