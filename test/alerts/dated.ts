import { storyTime } from './ship.ts';

const DAY = 86_400_000;

/**
 * A value as a line, with times as days before the end of the story, so that what is expected can be written down. Its last
 * scan is a day before that; what portlog has said of itself meanwhile is of now.
 */
export function dated(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => daysOf(Date.parse(time)))
    .replaceAll(/\d{4}-\d\d-\d\d(?= \()/g, 'DATE')
    .replaceAll(/(?:localhost|127\.0\.0\.1):\d+/g, 'SERVER');
}

function daysOf(time: number): string {
  const end = storyTime();
  return time > end - DAY / 2 && time <= Date.now() ? 'now' : `${Math.floor(time / DAY) - Math.floor(end / DAY)}d`;
}
