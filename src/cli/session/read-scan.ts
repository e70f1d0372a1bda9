import { notAScan } from '../../pipeline/input-report.ts';
import type { ScanItem } from '../../nmap/item.ts';
import { ScanReader } from '../../nmap/read.ts';
import { fileSource } from '../../source/file.ts';
import { stdinSource } from '../../source/stdin.ts';
import type { CommandContext } from './context.ts';

/** Reads a scan from a file or `-` to its end. Throws `input-not-a-scan` when there is none. Returns its name. */
export async function readScan({ terminal, log }: CommandContext, path: string, take: (item: ScanItem) => void): Promise<string> {
  const source = path === '-' ? stdinSource(terminal.stdin) : fileSource(path, (sentence) => log.info(sentence));
  const reader = new ScanReader();
  let runs = 0;
  const all = (items: Iterable<ScanItem>): void => {
    for (const item of items) {
      runs += item.kind === 'run' ? 1 : 0;
      take(item);
    }
  };
  for await (const chunk of source.bytes(new AbortController().signal)) {
    all(reader.push(chunk));
    if (reader.isTooLongWithoutRun) break;
  }
  all(reader.end());
  if (runs === 0) throw notAScan(source.name, reader.beginning);
  return source.name;
}
