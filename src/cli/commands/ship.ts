import { existsSync } from 'node:fs';
import type { ExitCode } from '../../core/errors.ts';
import { PortlogError } from '../../core/errors.ts';
import { fileSource } from '../../source/file.ts';
import { stdinSource } from '../../source/stdin.ts';
import { noCommand } from '../mistyped.ts';
import { type CommandContext, settingsOf } from '../session/context.ts';
import { deliver, refuseTableTo } from '../session/deliver.ts';

/** `portlog [ship] [FILE…]`: reads scans from files or standard input and ships them. */
export async function shipCommand(context: CommandContext, files: readonly string[]): Promise<ExitCode> {
  const { stdin } = context.terminal;
  const [first] = files;
  if (first !== undefined && /^[a-z-]+$/.test(first) && first !== '-' && !existsSync(first)) throw noCommand(first);
  const settings = await settingsOf(context);
  refuseTableTo(context, settings);
  if (files.length === 0 && stdin.isTTY === true)
    throw new PortlogError('usage', 'there is nothing to read', {
      hint: 'name a file (portlog scan.xml) or pipe a scan in (nmap -v -oX - … | portlog); portlog --help shows more',
    });
  const named = files.length === 0 ? ['-'] : files;
  const sources = named.map((file) => (file === '-' ? stdinSource(stdin) : fileSource(file)));
  return (await deliver(context, settings, sources)).code;
}
