import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, type ExitCode } from '../../errors.ts';
import { createSink } from '../../sink/registry.ts';
import type { Diagnosis } from '../../sink/sink.ts';
import type { SinkOptions } from '../../sink/options.ts';
import { captureOutput } from '../../source/child.ts';
import { diagnose, type SinkDiagnosis } from '../diagnose.ts';
import { type CommandContext, settingsOf, text } from './context.ts';

/** `portlog check`: configuration, nmap, state directory, and every sink, without writing an event. */
export async function checkCommand(context: CommandContext): Promise<ExitCode> {
  const settings = await settingsOf(context);
  const found: Diagnosis[] = [{ level: 'ok', message: `configuration: site "${settings.event.site}", ${settings.sinks.length} sink(s)` }];
  found.push(await checkNmap(text(context.values, 'nmap') ?? 'nmap'), checkStateDir(settings.stateDir));
  let code: ExitCode = EXIT.delivered;
  for (const sink of settings.sinks) {
    if (sink.type === 'stdout') continue;
    const diagnosis = await checkSink(sink);
    found.push(...diagnosis.found);
    if (code !== EXIT.usage) code = diagnosis.code ?? code;
  }
  for (const { level, message, hint } of found) {
    context.terminal.stdout.write(`${level.padEnd(7)} ${message}\n${hint === undefined ? '' : `        → ${hint}\n`}`);
  }
  if (code === EXIT.delivered && found.some(({ level }) => level === 'error')) return EXIT.state;
  return code;
}

async function checkSink(options: SinkOptions): Promise<SinkDiagnosis> {
  const sink = await createSink(options);
  try {
    return await diagnose(sink, AbortSignal.timeout(options.timeoutMs));
  } finally {
    await sink.close();
  }
}

async function checkNmap(program: string): Promise<Diagnosis> {
  try {
    const [first = ''] = (await captureOutput([program, '--version'])).split('\n');
    return { level: 'ok', message: first.replace(/ \( .* \)$/, '') };
  } catch {
    return { level: 'warning', message: `there is no program "${program}"`, hint: 'only portlog scan needs it' };
  }
}

function checkStateDir(path: string): Diagnosis {
  let existing = path;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    return { level: 'error', message: `state directory ${path} cannot be written`, hint: 'name another with --state-dir' };
  }
  const ephemeral = /^\/(?:tmp|run|dev\/shm)\//.test(`${path}/`);
  return ephemeral
    ? { level: 'warning', message: `state directory ${path} does not survive a restart`, hint: 'name another with --state-dir' }
    : { level: 'ok', message: `state directory ${path}` };
}
