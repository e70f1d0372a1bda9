import { parseSync, Visitor } from 'oxc-parser';
import type { Violation } from './check.ts';
import { isIn } from './check.ts';
import { CLOCKS } from './table.ts';

/** Every use that `file` (its path in `src/`) makes of the machine's time where the table does not allow it. */
export function clocksIn(file: string, text: string): readonly Violation[] {
  return usesOf(file, text).flatMap((name) => {
    const homes = CLOCKS[name] ?? [];
    if (isIn(file.replace(/\.ts$/, ''), homes)) return [];
    return [
      {
        file,
        what: `uses ${name}`,
        reason: `time comes from an injected clock (core/clock)${homes.length === 0 ? '' : `; its home is ${homes.join(', ')}`}`,
      },
    ];
  });
}

/** The names of the table that are read, called or taken out of their object, in order. */
function usesOf(file: string, text: string): readonly string[] {
  const found: string[] = [];
  const members = new Set<number>();
  const note = (name: string): void => void (Object.hasOwn(CLOCKS, name) && found.push(name));
  new Visitor({
    MemberExpression: ({ object, property, computed }) => {
      if (!computed) members.add(property.start);
      const of = text.slice(object.start, object.end).replace(/^globalThis\./, '');
      const name = computed ? text.slice(property.start + 1, property.end - 1) : text.slice(property.start, property.end);
      note(of === 'globalThis' ? name : `${of}.${name}`);
    },
    Identifier: ({ name, start }) => void (members.has(start) || note(name)),
    NewExpression: ({ callee, arguments: given }) => void (given.length === 0 && note(`new ${text.slice(callee.start, callee.end)}()`)),
    CallExpression: ({ callee }) => note(`${text.slice(callee.start, callee.end)}()`),
    VariableDeclarator: ({ id, init }) => {
      if (id.type !== 'ObjectPattern' || init === null) return;
      for (const one of id.properties)
        if (one.type === 'Property') note(`${text.slice(init.start, init.end)}.${text.slice(one.key.start, one.key.end)}`);
    },
  }).visit(parseSync(file, text).program);
  return found;
}
