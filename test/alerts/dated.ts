import { storyTime } from './story-time.ts';

const DAY = 86_400_000;
/** How many days it is to a date that has a year of its own, or to the week in which a date lies, depends on the day of the test. */
const [SOON, FAR] = [21, 60];

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
  if (time > end - DAY / 2 && time <= Date.now()) return 'now';
  const days = Math.floor(time / DAY) - Math.floor(end / DAY);
  if (days > 0 && days <= SOON) return 'soon';
  return Math.abs(days) <= FAR ? `${days}d` : days < 0 ? 'long ago' : 'far ahead';
}
