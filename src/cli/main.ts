import { type Environment, environment } from '../core/environment.ts';
import { EXIT, type ExitCode, PortlogError } from '../core/errors.ts';
import { PORTLOG_VERSION } from '../event/context.ts';
import { SinkError } from '../sink/sink.ts';
import { type CommandContext, commandContext } from './session/context.ts';
import { sinkErrorCode } from './session/diagnose.ts';
import { holdMemoryDown } from './session/memory.ts';
import { fromEnvironment } from './options.ts';
import { COMMAND_OPTIONS } from './command-options.ts';
import { parseArguments, type Request } from './parse.ts';
import { print, Speaker, type Terminal } from './session/terminal.ts';

/** The command as a process: its exit code is set. Never throws. */
export async function run(args: readonly string[]): Promise<void> {
  holdMemoryDown();
  const terminal: Terminal = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin };
  // Who writes there learns of it from the write.
  terminal.stdout.on('error', () => undefined);
  process.exitCode = await execute(args, environment(), terminal);
}

/** Parses, does what was asked for, and resolves with the exit code. Never rejects. */
export async function execute(args: readonly string[], env: Environment, terminal: Terminal): Promise<ExitCode> {
  try {
    return await perform(await parseArguments(args, PORTLOG_VERSION), env, terminal);
  } catch (error) {
    return report(error, new Speaker(terminal.stderr, 'normal'));
  }
}

async function perform(request: Request, env: Environment, terminal: Terminal): Promise<ExitCode> {
  if (request.command === 'text') {
    await print(terminal, `${request.text}\n`);
    return EXIT.delivered;
  }
  const values = { ...fromEnvironment(COMMAND_OPTIONS[request.command], env), ...request.values };
  const context: CommandContext = commandContext(values, env, terminal);
  // Each command loads what it needs: yargs, undici and ajv cost a tenth of a second apiece.
  switch (request.command) {
    case 'ship':
      return (await import('./commands/ship.ts')).shipCommand(context, request.files);
    case 'scan':
      return (await import('./commands/scan.ts')).scanCommand(context, request.nmapArgs);
    case 'watch':
      return (await import('./commands/watch.ts')).watchCommand(context, request.directories);
    case 'run':
      return (await import('./commands/run.ts')).runCommand(context);
    case 'status':
      return (await import('./commands/status.ts')).statusCommand(context);
    case 'diff':
      return (await import('./commands/diff.ts')).diffCommand(context, request.old, request.newer);
    case 'inventory':
      return (await import('./commands/inventory.ts')).inventoryCommand(context);
    case 'findings':
      return (await import('./commands/findings.ts')).findingsCommand(context);
    case 'report':
      return (await import('./commands/report.ts')).reportCommand(context, request.scans);
    case 'exposure':
      return (await import('./commands/exposure.ts')).exposureCommand(context, request.task, request.scan);
    case 'replay':
      return (await import('./commands/replay.ts')).replayCommand(context);
    case 'setup':
      return (await import('./commands/setup.ts')).setupCommand(context, request.target);
    case 'check':
      return (await import('./commands/check.ts')).checkCommand(context);
  }
}

function report(error: unknown, speaker: Speaker): ExitCode {
  if (error instanceof PortlogError) {
    speaker.error(error);
    return error.exitCode;
  }
  if (error instanceof SinkError) {
    speaker.error(error);
    return sinkErrorCode(error.kind);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  for (const line of `this is a mistake in portlog: ${text}`.split('\n')) speaker.warn(line);
  // Not as a wrong configuration ends: whoever supervises portlog is to start it again.
  return new PortlogError('mistake', '').exitCode;
}
