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
import { Places } from './session/places.ts';
import { warnOfStrangeVariables } from './session/strange-variables.ts';
import { print, type Terminal } from './session/terminal.ts';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The command as a process: its exit code is set. Never throws. */
export async function run(args: readonly string[]): Promise<void> {
  limitHeap();
  // Commands with something to finish have listeners of their own; the others end at once, with the same exit code.
  for (const signal of ENDING) process.on(signal, () => void (process.listenerCount(signal) === 1 && process.exit(EXIT.interrupted)));
  const terminal: Terminal = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin };
  // Errors of standard output are reported by the write; those of standard error are ignored.
  for (const stream of [terminal.stdout, terminal.stderr]) stream.on('error', () => undefined);
  process.exitCode = await execute(args, environment(), terminal);
}

/** Parses and runs a command; resolves with the exit code. Never rejects. */
export async function execute(args: readonly string[], env: Environment, terminal: Terminal): Promise<ExitCode> {
  try {
    const asked = asksForVersion(args, terminal) ? ({ kind: 'version' } as const) : await route(args);
    return await perform(asked, env, terminal);
  } catch (error) {
    return report(error, new Log(terminal.stderr, 'normal', logFormatOf({ 'log-format': env['PORTLOG_LOG_FORMAT'] }, env)));
  }
}

/** `-v` means --verbose, but alone and without a scan on standard input it means --version. */
function asksForVersion(args: readonly string[], { stdin }: Terminal): boolean {
  return args.length === 1 && args[0] === '-v' && (stdin.isTTY === true || !bringsScan());
}

/** Standard input is a pipe or file: neither a terminal nor `/dev/null`. */
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
  const inherited = fromEnvironment(command.options, env);
  const places = new Places(values, inherited);
  const context = commandContext({ ...inherited, ...values }, env, terminal, async (path, config, named) => {
    places.read(path, config);
    await warnOfStrangeVariables(context.log, env, command.options, named);
  });
  // With a configuration, when it is known which variables are named there.
  if (context.values['config'] === undefined) await warnOfStrangeVariables(context.log, env, command.options, new Set());
  try {
    return await command.run(context, words);
  } catch (error) {
    return report(error, context.log, places);
  }
}

async function helpText(route: Exclude<Route, { kind: 'command' | 'version' }>): Promise<string> {
  if (route.kind === 'page') return (await import('./page.ts')).pageText(route.path);
  const { commandHelp, overview } = await import('./help.ts');
  const { name } = route;
  if (name !== undefined) return commandHelp(await commandOf(name));
  return overview(await allCommands(), (await import('./page.ts')).topicsByFolder());
}

function report(error: unknown, log: Log, places?: Places): ExitCode {
  if (error instanceof PortlogError) {
    log.error(places === undefined ? error : { ...places.placed(error), code: error.code });
    return error.exitCode;
  }
  if (error instanceof SinkError) {
    log.error(error);
    return sinkErrorCode(error.kind);
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE') {
    const hint = 'raise the limit for this process (ulimit -n); 256 is enough for most';
    log.error({ message: 'too many files are open, so this could not go on', hint });
    return EXIT.state;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error({ message: `this is a bug in portlog: ${text}`, hint: undefined });
  // Not the code of a wrong configuration, so that a supervisor restarts portlog.
  return new PortlogError('mistake', '').exitCode;
}
