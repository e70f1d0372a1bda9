import { fitsGlob } from '../../core/glob.ts';
import { either, listOf, number, optional, record, text } from '../../core/shape.ts';
import { answerAs } from '../transport/answer.ts';

/** The component template that every index with our documents must be made of. */
export const MAPPINGS = 'logs-nmap@mappings';

/** Lists index templates, with the members that decide which one is in force. */
export const INDEX_TEMPLATES = `/_index_template?filter_path=${[
  'name',
  'index_template.index_patterns',
  'index_template.priority',
  'index_template.composed_of',
]
  .map((member) => `index_templates.${member}`)
  .join(',')}`;

export interface IndexTemplate {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly priority: number;
  readonly isOurs: boolean;
}

/** Parses the answer to {@link INDEX_TEMPLATES}. `what`: server and request. */
export function templatesIn(what: string, body: string): readonly IndexTemplate[] {
  const { index_templates: templates = [] } = answerAs(what, body, TEMPLATES);
  return templates.map(({ name, index_template: { index_patterns, priority = 0, composed_of = [] } }) => ({
    name,
    patterns: [index_patterns].flat(),
    priority,
    isOurs: composed_of.includes(MAPPINGS),
  }));
}

const TEMPLATE = record({ index_patterns: either(text, listOf(text)), priority: optional(number), composed_of: optional(listOf(text)) });
const TEMPLATES = record({ index_templates: optional(listOf(record({ name: text, index_template: TEMPLATE }))) });

/** Of all templates that fit, a server takes the one with the highest priority. */
export function effectiveTemplate(index: string, templates: readonly IndexTemplate[]): IndexTemplate | undefined {
  const fitting = templates.filter(({ patterns }) => patterns.some((pattern) => fitsGlob(pattern, index)));
  return fitting.toSorted((a, b) => b.priority - a.priority)[0];
}
