/** `1 event`, `48,211 events` */
export function grouped(number: number, noun: string, many = `${noun}s`): string {
  return `${format(number)} ${number === 1 ? noun : many}`;
}

/** `4 KiB`, `12.3 MiB`; never 0 for a positive number of bytes. */
export function sized(bytes: number): string {
  return bytes < 1 << 20 ? `${format(Math.ceil(bytes / 1024))} KiB` : `${format(Number((bytes / (1 << 20)).toFixed(1)))} MiB`;
}

export function format(number: number): string {
  return number.toLocaleString('en-US');
}
