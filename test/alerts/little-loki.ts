import type { Series } from './grafana.ts';
import { type Labels, matcher, only, type Row, throughStage } from './logql-stages.ts';
import { all, first, inner, type Node, treeOf } from './logql-tree.ts';

/*
 * As much of LogQL as our panels use, over entries in memory, by the grammar of Grafana's editor: there is no Loki here.
 * It gives for the panels of an earlier version what a real Loki 3.7 gave; where both are there, they are compared
 * (test/server/content.test.ts). Limits of a server, and what is written wrongly, it does not know.
 */

export interface Entry {
  /** With the structured metadata among the labels, as Loki shows it. */
  readonly stream: Readonly<Record<string, string>>;
  /** Epoch nanoseconds. */
  readonly time: string;
  readonly line: string;
}

interface Sample {
  readonly metric: Labels;
  readonly value: number;
}

/** What an instant query gives. `at`: epoch milliseconds. */
export function instant(entries: readonly Entry[], query: string, at: number): readonly Series[] {
  return new Evaluation(entries).vector(treeOf(query), at);
}

/** The series of a metric query at each step of a range, with the largest value of each. */
export function overRange(
  entries: readonly Entry[],
  query: string,
  { from, to, step }: Readonly<Record<'from' | 'to' | 'step', number>>,
): readonly Series[] {
  const evaluation = new Evaluation(entries);
  const tree = treeOf(query);
  const found = new Map<string, { metric: Labels; points: [number, number][] }>();
  for (let at = from; at <= to; at += step) {
    for (const { metric, value } of evaluation.vector(tree, at)) {
      const series = found.get(JSON.stringify(metric)) ?? { metric, points: [] };
      found.set(JSON.stringify(metric), series);
      series.points.push([at / 1000, value]);
    }
  }
  return [...found.values()].map(({ metric, points }) => ({ metric, points, value: Math.max(...points.map(([, value]) => value)) }));
}

/** The entries of a log query, the newest first. */
export function logRows(entries: readonly Entry[], query: string): readonly Row[] {
  return new Evaluation(entries).rows(treeOf(query)).toSorted((a, b) => b.time - a.time);
}

class Evaluation {
  private readonly entries: readonly Row[];
  /** A pipeline is run once, whatever is asked of what comes out. */
  private readonly piped = new Map<string, readonly Row[]>();

  constructor(entries: readonly Entry[]) {
    this.entries = entries.map(({ stream, time, line }) => ({ labels: stream, line, time: Number(BigInt(time) / 1_000_000n) }));
  }

  rows(node: Node): readonly Row[] {
    const done = this.piped.get(node.text);
    if (done !== undefined) return done;
    const matchers = all(all(node, 'Selector')[0]!, 'Matcher').map(matcher);
    const stages = [...all(node, 'PipelineStage'), ...all(node, 'UnwrapExpr')];
    const selected = this.entries.filter(({ labels }) => matchers.every((matches) => matches(labels)));
    const rows = selected.flatMap((row) => stages.reduce<readonly Row[]>((some, stage) => some.flatMap((one) => throughStage(stage, one)), [row]));
    this.piped.set(node.text, rows);
    return rows;
  }

  vector(node: Node, at: number): readonly Sample[] {
    const one = inner(node);
    if (one.name === 'RangeAggregationExpr') return this.range(one, at);
    if (one.name === 'VectorAggregationExpr') return this.aggregated(one, at);
    if (one.name === 'BinOpExpr') return this.combined(one, at);
    throw new Error(`${one.name}: ${one.text}`);
  }

  private range(node: Node, at: number): readonly Sample[] {
    const how = first(node, 'RangeOp')!.text;
    const range = first(node, 'LogRangeExpr')!;
    const from = at - millis(all(range, 'Duration')[0]!.text);
    const rows = this.rows(range).filter(({ time }) => time > from && time <= at);
    const by = groupingOf(node);
    return [...Map.groupBy(rows, ({ labels }) => JSON.stringify(by === undefined ? labels : only(labels, by)))].map(([key, some]) => ({
      metric: JSON.parse(key) as Labels,
      value: over(how, some),
    }));
  }

  private aggregated(node: Node, at: number): readonly Sample[] {
    const how = first(node, 'VectorOp')!.text;
    const by = groupingOf(node) ?? [];
    const samples = this.vector(
      node.children.findLast(({ name }) => name === 'MetricExpr')!,
      at,
    );
    const groups = [...Map.groupBy(samples, ({ metric }) => JSON.stringify(only(metric, by)))];
    if (how === 'topk') {
      const count = Number(first(node, 'Number')!.text);
      return groups.flatMap(([, some]) => some.toSorted((a, b) => b.value - a.value).slice(0, count));
    }
    return groups.map(([key, some]) => {
      const values = some.map(({ value }) => value);
      const value = how === 'sum' ? values.reduce((a, b) => a + b, 0) : how === 'max' ? Math.max(...values) : Number.NaN;
      return { metric: JSON.parse(key) as Labels, value };
    });
  }

  private combined(node: Node, at: number): readonly Sample[] {
    const [left, right] = node.children.filter(({ name }) => name === 'Expr') as [Node, Node];
    const operator = operatorOf(node);
    if (operator === 'Mul') {
      const times = Number(inner(right).text);
      const product = (samples: readonly Sample[]): readonly Sample[] => samples.map(({ metric, value }) => ({ metric, value: value * times }));
      // The grammar knows no precedence: `a or b * 0` is `a or (b * 0)`.
      const isSum = operatorOf(inner(left)) === 'Or';
      const [a, b] = isSum ? (inner(left).children.filter(({ name }) => name === 'Expr') as [Node, Node]) : ([undefined, left] as const);
      return a === undefined ? product(this.vector(b, at)) : either(this.vector(a, at), product(this.vector(b, at)));
    }
    const [ours, theirs] = [this.vector(left, at), this.vector(right, at)];
    if (operator === 'Or') return either(ours, theirs);
    const on = all(first(node, 'BinOpModifier')!, 'GroupingLabel').map(({ text }) => text);
    const keyOf = ({ metric }: Sample): string => JSON.stringify(only(metric, on));
    const keys = new Set(theirs.map(keyOf));
    return ours.filter((one) => keys.has(keyOf(one)));
  }
}

function operatorOf(node: Node): string | undefined {
  return node.name === 'BinOpExpr' ? node.children.find(({ name }) => ['And', 'Or', 'Mul'].includes(name))?.name : undefined;
}

function either(ours: readonly Sample[], theirs: readonly Sample[]): readonly Sample[] {
  const keys = new Set(ours.map(({ metric }) => JSON.stringify(metric)));
  return [...ours, ...theirs.filter(({ metric }) => !keys.has(JSON.stringify(metric)))];
}

function groupingOf(node: Node): readonly string[] | undefined {
  const grouping = first(node, 'Grouping');
  return grouping === undefined ? undefined : all(grouping, 'Identifier').map(({ text }) => text);
}

function over(how: string, rows: readonly Row[]): number {
  const values = rows.map(({ value = Number.NaN }) => value);
  if (how === 'count_over_time') return rows.length;
  if (how === 'sum_over_time') return values.reduce((a, b) => a + b, 0);
  if (how === 'max_over_time') return Math.max(...values);
  if (how === 'last_over_time') return rows.toSorted((a, b) => b.time - a.time)[0]?.value ?? Number.NaN;
  throw new Error(how);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function millis(text: string): number {
  return Number.parseInt(text, 10) * UNITS[text.at(-1)!]!;
}
