import { hostname } from 'node:os';
import { EXIT, type ExitCode, PortlogError } from '../../errors.ts';
import { targetLists } from '../../source/nmap-targets.ts';
import { nmapSource } from '../../source/nmap.ts';
import { type CommandContext, settingsOf, text } from './context.ts';
import { deliver, refuseTableTo } from './deliver.ts';

/** `portlog scan -- NMAP-ARGS…`: runs nmap and ships each host as it completes. */
export async function scanCommand(context: CommandContext, nmapArgs: readonly string[]): Promise<ExitCode> {
  const { speaker, values } = context;
  const settings = await settingsOf(context);
  refuseTableTo(context, settings);
  if (nmapArgs.length === 0)
    throw new PortlogError('usage', 'portlog scan needs arguments for nmap', { hint: 'for example: portlog scan -- -sV 192.0.2.0/24' });
  const nmap = nmapSource(text(values, 'nmap') ?? 'nmap', nmapArgs, (line) => {
    if (line.trim() !== '') speaker.warn(`nmap: ${line}`);
  });
  speaker.detail(`running nmap ${nmap.args.join(' ')}`);
  const code = await deliver(context, settings, [nmap], { scannerHost: hostname(), lists: targetLists(nmapArgs) });
  const exit = nmap.exit();
  if (exit === undefined || code === EXIT.interrupted || (exit.code === 0 && exit.signal === null)) return code;
  speaker.warn(exit.signal === null ? `nmap ended with exit code ${exit.code}` : `nmap was ended by ${exit.signal}`);
  return EXIT.noInput;
}
