import type { Script, ScriptItem } from './model.ts';
import type { Reader } from './reader.ts';

export function readScripts(reader: Reader, scripts: Script[]): void {
  const level = reader.depth;
  while (reader.nextChild(level)) if (reader.name === 'script') reader.keep(scripts, readScript(reader));
}

/** Tables nest to any depth, so this keeps its own stack instead of recursing. */
export function readScript(reader: Reader): Script {
  const id = reader.attribute('id');
  const output = reader.attribute('output');
  const items: ScriptItem[] = [];
  const level = reader.depth;
  const lists: ScriptItem[][] = [items];
  for (;;) {
    if (reader.nextChild(level + lists.length - 1)) {
      const list = lists.at(-1) as ScriptItem[];
      const key = reader.attribute('key');
      if (reader.name === 'elem') reader.keepItem(list, { key, value: reader.elementText() });
      else if (reader.name === 'table') {
        const table: ScriptItem[] = [];
        reader.keepItem(list, { key, items: table });
        lists.push(table);
      }
    } else if (lists.length === 1) return { id, output, items };
    else lists.pop();
  }
}
