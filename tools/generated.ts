import { FIELDS } from '../src/event/fields.ts';
import { eventSchema } from './event-schema.ts';
import { eventsPage } from './events-page.ts';
import { elasticsearchFiles } from './elasticsearch-files.ts';

/** Every committed file that is made from the field catalogue, with its content. */
export function generated(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  files.set('schemas/event.schema.json', json(eventSchema(FIELDS)));
  for (const [name, content] of Object.entries(elasticsearchFiles(FIELDS))) files.set(`schemas/elasticsearch/${name}.json`, json(content));
  files.set('docs/reference/events.md', eventsPage(FIELDS));
  return files;
}

function json(content: unknown): string {
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
