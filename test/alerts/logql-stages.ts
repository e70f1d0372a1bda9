import { all, first, type Node, unquoted } from './logql-tree.ts';

export type Labels = Readonly<Record<string, string>>;

/** An entry on its way through a pipeline. */
export interface Row {
  readonly labels: Labels;
  readonly line: string;
  /** Epoch milliseconds. */
  readonly time: number;
  /** What was unwrapped. */
  readonly value?: number;
}

/** What comes out of a stage of a pipeline, of one entry. */
export function throughStage(stage: Node, row: Row): readonly Row[] {
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

export function matcher(node: Node): (labels: Labels) => boolean {
  const [name, operator, value] = node.children as [Node, Node, Node];
  const wanted = unquoted(value.text);
  const form = operator.name === 'Re' || operator.name === 'Nre' ? new RegExp(`^(?:${wanted})$`, 's') : undefined;
  const isNot = operator.name === 'Neq' || operator.name === 'Nre';
  return (labels) => {
    const text = labels[name.text] ?? '';
    return (form === undefined ? text === wanted : form.test(text)) !== isNot;
  };
}

/** The labels with these names, sorted. */
export function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(names.toSorted((a, b) => (a < b ? -1 : 1)).flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
}
