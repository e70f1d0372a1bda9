import { storyTime } from './ship.ts';

const DAY = 86_400_000;

/** A value as a line, with times as days before the story's last, so that what is expected can be written down. */
export function dated(value: unknown): string {
  const today = Math.floor(storyTime() / DAY);
  return JSON.stringify(value)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => `${Math.floor(Date.parse(time) / DAY) - today}d`)
    .replaceAll(/\d{4}-\d\d-\d\d(?= \()/g, 'DATE')
    .replaceAll(/(?:localhost|127\.0\.0\.1):\d+/g, 'SERVER');
}
