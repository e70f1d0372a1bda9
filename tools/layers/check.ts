import { posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { HOMES, LAYERS } from './table.ts';

/** What a file of `src/` reaches for (`imports ../x.ts`, `uses Date.now`), and why it may not. */
export interface Violation {
  readonly file: string;
  readonly what: string;
  readonly reason: string;
}

/** Every import of `file` (its path in `src/`) that the table does not allow, in whatever form it is written. */
export function violationsIn(file: string, text: string): readonly Violation[] {
  return importsOf(file, text).flatMap((specifier) => {
    const reason = specifier.startsWith('.') ? inside(file, specifier) : outside(file, specifier);
    return reason === undefined ? [] : [{ file, what: `imports ${specifier}`, reason }];
  });
}

function inside(file: string, specifier: string): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(file), specifier)).replace(/\.ts$/, '');
  const [from, to] = [folderOf(file), folderOf(target)];
  if (from === to) return undefined;
  const allowed = LAYERS[from];
  if (allowed === undefined) return `src/${from}/ is not in the table of layers (tools/layers/table.ts)`;
  return isIn(target, allowed) ? undefined : `${from} may import ${allowed.join(', ') || 'nothing'} only`;
}

function outside(file: string, specifier: string): string | undefined {
  const name = [specifier, `node:${specifier}`].find((one) => packageOf(one) in HOMES);
  const homes = name === undefined ? undefined : HOMES[packageOf(name)];
  if (homes === undefined || isIn(file.replace(/\.ts$/, ''), homes)) return undefined;
  return homes.length === 0 ? 'nothing in src/ needs it' : `its home is ${homes.join(', ')}`;
}

/** Whether a path in `src/`, without `.ts`, is one of these places or below one. */
export function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** The first folder of a path in `src/`; `.` of a file that lies in `src/` itself. */
function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] as string) : '.';
}

/** `@scope` or `name`, without the path in it. */
function packageOf(specifier: string): string {
  return specifier.split('/')[0] as string;
}

/** Static, dynamic and type imports, exports from, `require`, and what Node hands out by name. */
export function importsOf(file: string, text: string): readonly string[] {
  const found: string[] = [];
  const note = (node: unknown): void => {
    const { value } = (node ?? {}) as { value?: unknown };
    if (typeof value === 'string') found.push(value);
  };
  new Visitor({
    ImportDeclaration: ({ source }) => note(source),
    ExportNamedDeclaration: ({ source }) => note(source),
    ExportAllDeclaration: ({ source }) => note(source),
    ImportExpression: ({ source }) => note(source),
    TSImportType: ({ source }) => note(source),
    TSExternalModuleReference: ({ expression }) => note(expression),
    CallExpression: ({ callee, arguments: [first] }) => void (LOADS.test(text.slice(callee.start, callee.end)) && note(first)),
  }).visit(parseSync(file, text).program);
  return found;
}

const LOADS = /(?:^|\.)(?:require|getBuiltinModule)$/;
