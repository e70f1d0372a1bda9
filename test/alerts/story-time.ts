/** Six in the morning of today, or of yesterday: so the days of a story do not depend on the hour of the test. */
export function storyTime(): number {
  const day = 86_400_000;
  const six = Math.floor(Date.now() / day) * day + day / 4;
  return six < Date.now() ? six : six - day;
}
