import { parser } from '@grafana/lezer-logql';
import type { Series } from './grafana.ts';

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

type Labels = Readonly<Record<string, string>>;

/** An entry on its way through a pipeline. */
interface Row {
  readonly labels: Labels;
  readonly line: string;
  /** Epoch milliseconds. */
  readonly time: number;
  /** What was unwrapped. */
  readonly value?: number;
}

interface Sample {
  readonly metric: Labels;
  readonly value: number;
}

interface Node {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Node[];
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

function treeOf(query: string): Node {
  const stack: { name: string; text: string; children: Node[] }[] = [{ name: 'root', text: query, children: [] }];
  parser.parse(query).iterate({
    enter({ name, from, to, type }) {
      if (type.isError) throw new Error(`at ${from}: ${query.slice(Math.max(0, from - 30), to + 30)}`);
      stack.push({ name, text: query.slice(from, to), children: [] });
    },
    leave() {
      const done = stack.pop()!;
      stack.at(-1)!.children.push(done);
    },
  });
  return stack[0]!;
}

const all = (node: Node, name: string): readonly Node[] => node.children.flatMap((child) => (child.name === name ? [child] : all(child, name)));
const first = (node: Node, name: string): Node | undefined => node.children.find((child) => child.name === name);
/** The child of that name below nodes that only hold one another. */
const inner = (node: Node): Node => (WRAPPERS.has(node.name) && node.children.length === 1 ? inner(node.children[0]!) : node);
const WRAPPERS = new Set(['root', 'LogQL', 'Expr', 'MetricExpr', 'LogExpr', 'ParenExpr']);

function unquoted(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string);
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

function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(names.toSorted((a, b) => (a < b ? -1 : 1)).flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
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

function throughStage(stage: Node, row: Row): readonly Row[] {
  const { labels } = row;
  if (stage.name === 'UnwrapExpr') {
    const text = labels[first(stage, 'Identifier')!.text];
    const value = Number(text);
    // Loki keeps what cannot be unwrapped as an error, and our queries have nothing of that kind.
    return text === undefined || Number.isNaN(value) ? [] : [{ ...row, value }];
  }
  const [, what] = stage.children as [Node, Node];
  switch (what.name) {
    case 'LabelFilter':
      return condition(what)(labels) ? [row] : [];
    case 'JsonExpressionParser':
      return [{ ...row, labels: { ...labels, ...extracted(what, row.line) } }];
    case 'LabelFormatExpr':
      return [{ ...row, labels: { ...labels, [all(what, 'Identifier')[0]!.text]: formatted(unquoted(all(what, 'String')[0]!.text), labels) } }];
    case 'LineFormatExpr':
      return [{ ...row, line: formatted(unquoted(all(what, 'String')[0]!.text), labels) }];
    case 'KeepLabelsExpr':
      return [
        {
          ...row,
          labels: only(
            labels,
            all(what, 'Identifier').map(({ text }) => text),
          ),
        },
      ];
    default:
      throw new Error(`${what.name}: ${what.text}`);
  }
}

function extracted(node: Node, line: string): Labels {
  const parsed: unknown = JSON.parse(line);
  const found = all(node, 'LabelExtractionExpression').map((one) => {
    const path = unquoted(first(one, 'String')!.text);
    const names = [...path.matchAll(/\["([^"]+)"\]|([^.[\]]+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    const value = names.reduce<any>((at, name) => at?.[name], parsed);
    const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    return [first(one, 'Identifier')!.text, text] as const;
  });
  return Object.fromEntries(found.filter(([, text]) => text !== ''));
}

const CALLS: readonly (readonly [RegExp, (value: string) => string])[] = [
  [/^\{\{ \.(\w+) \}\}$/, (value) => value],
  [/^\{\{ unixEpoch \(toDate "[^"]+" \.(\w+)\) \}\}$/, (value) => String(Math.floor(Date.parse(value) / 1000))],
  [
    /^\{\{ div \(sub \(unixEpoch \(toDate "[^"]+" \.(\w+)\)\) \(unixEpoch now\)\) 86400 \}\}$/,
    (value) => String(Math.trunc((Math.floor(Date.parse(value) / 1000) - Math.floor(Date.now() / 1000)) / 86_400)),
  ],
];

function formatted(template: string, labels: Labels): string {
  for (const [form, value] of CALLS) {
    const found = form.exec(template);
    if (found !== null) return value(labels[found[1]!] ?? '');
  }
  throw new Error(template);
}

function condition(node: Node): (labels: Labels) => boolean {
  const [left, , right] = node.children;
  const operator = node.children.find(({ name }) => name === 'And' || name === 'Or')?.name;
  if (operator !== undefined) {
    const [a, b] = [condition(left!), condition(right!)];
    return operator === 'And' ? (labels) => a(labels) && b(labels) : (labels) => a(labels) || b(labels);
  }
  const child = node.children.find(({ name }) => name === 'LabelFilter' || name === 'Matcher' || name === 'NumberFilter');
  if (child?.name === 'LabelFilter') return condition(child);
  if (child?.name === 'Matcher') return matcher(child);
  if (child?.name === 'NumberFilter') return comparison(child);
  throw new Error(`${node.name}: ${node.text}`);
}

function comparison(node: Node): (labels: Labels) => boolean {
  const name = first(node, 'Identifier')!.text;
  const limit = Number(first(node, 'LiteralExpr')!.text);
  const isLess = node.children.some((child) => child.name === 'Lss');
  return (labels) => {
    const value = labels[name] === undefined ? Number.NaN : Number(labels[name]);
    return isLess ? value < limit : value >= limit;
  };
}

function matcher(node: Node): (labels: Labels) => boolean {
  const [name, operator, value] = node.children as [Node, Node, Node];
  const wanted = unquoted(value.text);
  const form = operator.name === 'Re' || operator.name === 'Nre' ? new RegExp(`^(?:${wanted})$`, 's') : undefined;
  const isNot = operator.name === 'Neq' || operator.name === 'Nre';
  return (labels) => {
    const text = labels[name.text] ?? '';
    return (form === undefined ? text === wanted : form.test(text)) !== isNot;
  };
}
