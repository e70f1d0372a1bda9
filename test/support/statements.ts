import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** A statement of SQL that stands in a file of `src/`. */
export interface Statement {
  /** From `src/` on. */
  readonly file: string;
  readonly sql: string;
}

const SQL = /^\s*(?:SELECT|INSERT|UPDATE|DELETE FROM|WITH RECURSIVE)\s/;
/** Stands for what is put in while it runs. */
const UNKNOWN = '1';

interface Node {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** Literals that are SQL, with the constants of their file in their places. */
export function statementsIn(root: string): readonly Statement[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.toSorted().flatMap((file) => literalsOf(readFileSync(join(root, file), 'utf8'), file).map((sql) => ({ file, sql })));
}

function literalsOf(source: string, file: string): readonly string[] {
  const { program } = parseSync(file, source);
  const constants = new Map<string, Node>();
  const twice = new Set<string>();
  const literals: Node[] = [];
  new Visitor({
    VariableDeclarator(node) {
      const { id, init } = node as unknown as { readonly id: Node; readonly init: Node | null };
      if (id.type !== 'Identifier' || init === null) return;
      const name = id['name'] as string;
      if (constants.has(name)) twice.add(name);
      constants.set(name, init);
    },
    TemplateLiteral: (node) => void literals.push(node as unknown as Node),
    Literal: (node) => void literals.push(node as unknown as Node),
  }).visit(program);
  for (const name of twice) constants.delete(name);
  const texts = literals.flatMap((node) => textsOf(node, constants, 0));
  return [...new Set(texts.filter((text) => SQL.test(text)).map((text) => text.replaceAll(/\s+/g, ' ').trim()))];
}

/** All that an expression can be, as far as the file says it. */
function textsOf(node: Node, constants: ReadonlyMap<string, Node>, depth: number): readonly string[] {
  if (depth > 5) return [UNKNOWN];
  if (node.type === 'Literal') return [String(node['value'])];
  if (node.type === 'ConditionalExpression')
    return [node['consequent'], node['alternate']].flatMap((one) => textsOf(one as Node, constants, depth + 1));
  if (node.type === 'Identifier') {
    const value = constants.get(node['name'] as string);
    return value === undefined ? [UNKNOWN] : textsOf(value, constants, depth + 1);
  }
  if (node.type !== 'TemplateLiteral') return [UNKNOWN];
  const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string } }[];
  const parts = (node['expressions'] as readonly Node[]).map((one) => textsOf(one, constants, depth + 1));
  return quasis
    .slice(1)
    .reduce<readonly string[]>(
      (texts, { value }, i) => texts.flatMap((text) => (parts[i] ?? []).map((part) => text + part + value.cooked)),
      [quasis[0]?.value.cooked ?? ''],
    );
}
