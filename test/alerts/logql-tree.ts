import { parser } from '@grafana/lezer-logql';

/** A node of the syntax tree, by the names of Grafana's grammar. */
export interface Node {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Node[];
}

export function treeOf(query: string): Node {
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

/** The outermost nodes of a name below one. */
export const all = (node: Node, name: string): readonly Node[] =>
  node.children.flatMap((child) => (child.name === name ? [child] : all(child, name)));
export const first = (node: Node, name: string): Node | undefined => node.children.find((child) => child.name === name);
/** The child of that name below nodes that only hold one another. */
export const inner = (node: Node): Node => (WRAPPERS.has(node.name) && node.children.length === 1 ? inner(node.children[0]!) : node);
const WRAPPERS = new Set(['root', 'LogQL', 'Expr', 'MetricExpr', 'LogExpr', 'ParenExpr']);

export function unquoted(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string);
}
