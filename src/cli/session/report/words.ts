import { withCommas } from '../../../event/text.ts';

/** `4 KiB`, `12.3 MiB`; never 0 for a positive number of bytes. */
export function sized(bytes: number): string {
  return bytes < 1 << 20 ? `${withCommas(Math.ceil(bytes / 1024))} KiB` : `${withCommas(Number((bytes / (1 << 20)).toFixed(1)))} MiB`;
}
