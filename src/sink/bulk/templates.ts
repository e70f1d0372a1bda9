import { fitsGlob } from '../../core/glob.ts';

/** The component template that every index with our documents must be made of. */
export const MAPPINGS = 'logs-nmap@mappings';

/** Lists all of them, with no more than it takes to say which one is in force. */
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

/** What {@link INDEX_TEMPLATES} answers. */
export function templatesIn(body: string): readonly IndexTemplate[] {
  const { index_templates: templates = [] } = JSON.parse(body) as {
    index_templates?: readonly {
      name: string;
      index_template: { index_patterns: string | readonly string[]; priority?: number; composed_of?: readonly string[] };
    }[];
  };
  return templates.map(({ name, index_template: { index_patterns, priority = 0, composed_of = [] } }) => ({
    name,
    patterns: [index_patterns].flat(),
    priority,
    isOurs: composed_of.includes(MAPPINGS),
  }));
}

/** Of all templates that fit, a server takes the one with the highest priority. */
export function inForceFor(index: string, templates: readonly IndexTemplate[]): IndexTemplate | undefined {
  const fitting = templates.filter(({ patterns }) => patterns.some((pattern) => fitsGlob(pattern, index)));
  return fitting.toSorted((a, b) => b.priority - a.priority)[0];
}
