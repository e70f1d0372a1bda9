import type { Step } from '../../../setup/step.ts';
import { counted } from '../../../event/text.ts';

/** Words for a step that was done, or (`would`) is planned. */
const DONE = {
  create: 'created',
  update: 'updated',
  unchanged: 'unchanged:',
  kept: 'left as it is, because somebody has made or changed it:',
  skipped: 'left out',
  remove: 'removed',
  load: 'loaded',
  wrong: 'has wrong types, and keeps them:',
  mend: 'mended',
  stays: 'stays:',
} as const;

const ONLY_SAID: ReadonlySet<Step['action']> = new Set(['unchanged', 'kept', 'skipped', 'wrong', 'stays']);
/** Steps of a kind that are named; others are only counted. */
const NAMED = 3;

/** `created alert rule "[portlog] New host"` */
export function doneLine({ action, what }: Pick<Step, 'action' | 'what'>): string {
  return `${DONE[action]} ${what}`;
}

/** The same for a planned step. */
export function plannedLine({ action, what }: Pick<Step, 'action' | 'what'>): string {
  return ONLY_SAID.has(action) ? doneLine({ action, what }) : `would ${action} ${what}`;
}

/** One line per kind of step. Steps about things that somebody has changed are always named. */
export function planLines(steps: readonly Step[]): readonly string[] {
  const alike = Map.groupBy(steps, ({ action, what }) => (action === 'kept' ? what : `${action} ${kindOf(what)}`));
  return [...alike.values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined || some.length <= NAMED) return some.map(plannedLine);
    return plannedLine({ action: first.action, what: counted(some.length, kindOf(first.what)) });
  });
}

/** `alert rule` of `alert rule "[portlog] New host"` */
function kindOf(what: string): string {
  return what.split(' "', 1)[0] ?? what;
}
