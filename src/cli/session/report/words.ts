/** `1 event`, `48,211 events` */
export function grouped(number: number, noun: string, many = `${noun}s`): string {
  return `${format(number)} ${number === 1 ? noun : many}`;
}

export function format(number: number): string {
  return number.toLocaleString('en-US');
}
