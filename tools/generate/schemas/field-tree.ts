import type { Field } from '../../../src/event/fields/field.ts';

/** The catalogue as a tree by the dots in its names. `field` is absent for objects that need no entry. */
export interface FieldNode {
  readonly field: Field | undefined;
  readonly children: ReadonlyMap<string, FieldNode>;
}

export function fieldTree(fields: readonly Field[]): FieldNode {
  return node(undefined, '', fields);
}

function node(own: Field | undefined, prefix: string, fields: readonly Field[]): FieldNode {
  const children = new Map<string, FieldNode>();
  for (const { name } of fields) {
    if (!name.startsWith(prefix)) continue;
    const [first = ''] = name.slice(prefix.length).split('.');
    if (children.has(first)) continue;
    const path = prefix + first;
    const inner = fields.filter((field) => field.name.startsWith(`${path}.`));
    children.set(
      first,
      node(
        fields.find((field) => field.name === path),
        `${path}.`,
        inner,
      ),
    );
  }
  return { field: own, children };
}
