import type { Mended, Refusal } from '../nmap/item.ts';
import type { Script, Target, Task } from '../nmap/model.ts';
import { RunCounts } from './run-counts.ts';
import { clipBytes } from './text.ts';

/** Lists in the event at the end of a run are bounded, whatever the scan says; the counts beside them are not. */
const MAX_LIST = 100;
/** Characters of a text in them, and of the output of all scripts together. */
const MAX_TEXT = 8192;
const MAX_SCRIPTS = 1 << 22;

/** What the event at the end of a run contains about the whole run. */
export class RunRecord extends RunCounts {
  hosthints = 0;
  readonly targets: Target[] = [];
  skippedTargets = 0;
  readonly tasks: Task[] = [];
  readonly scripts: Script[] = [];
  #scriptsSize = 0;
  /** Elements that could not be read: the first of them, how many there are, and how many of those are hosts. */
  readonly refusals: Refusal[] = [];
  refused = 0;
  unreadable = 0;
  /** How often nmap's words about progress were cut out, by the name of the element around them. */
  readonly mended = new Map<string, number>();
  output: { readonly type: string | undefined; readonly text: string } | undefined;

  addHint(): void {
    this.hosthints++;
  }

  addTarget(target: Target): void {
    this.skippedTargets++;
    if (this.targets.length < MAX_LIST) this.targets.push(clipped(target));
  }

  addScripts(scripts: readonly Script[]): void {
    for (const script of scripts) {
      const size = sizeOf(script);
      if (this.scripts.length === MAX_LIST || this.#scriptsSize + size > MAX_SCRIPTS) return;
      this.#scriptsSize += size;
      this.scripts.push(script);
    }
  }

  /** Keeps only the last progress of each task. */
  addTask(task: Task): void {
    const last = this.tasks.at(-1);
    if (last !== undefined && last.kind === 'taskprogress' && last.task === task.task) this.tasks.pop();
    if (this.tasks.length < MAX_LIST) this.tasks.push(clipped(task));
  }

  addMended({ element, count }: Mended): void {
    this.mended.set(element, (this.mended.get(element) ?? 0) + count);
  }

  addRefusal(refusal: Refusal): void {
    this.refused++;
    if (refusal.element === 'host') this.unreadable++;
    if (this.refusals.length < MAX_LIST) this.refusals.push(refusal);
  }
}

/** Bounds the length of texts. */
function clipped<T extends Target | Task>(words: T): T {
  const isLong = Object.values(words).some((value) => typeof value === 'string' && value.length > MAX_TEXT);
  if (!isLong) return words;
  return Object.fromEntries(
    Object.entries(words).map(([name, value]) => [name, typeof value === 'string' ? clipBytes(value, MAX_TEXT) : value]),
  ) as T;
}

/** Approximate number of characters. */
function sizeOf({ output = '', items }: Script): number {
  return items.length === 0 ? output.length : output.length + JSON.stringify(items).length;
}
