import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isFromScan } from '../../src/alert/rule.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { ROOT } from '../support/run-portlog.ts';

/* What strangers write arrives as text in dashboards and in messages of alert rules. A new folder of them needs a case here. */

describe('dashboards and rules', () => {
  const files = readdirSync(join(ROOT, 'dashboards'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:ndjson|json|ya?ml|xml|inc)$/.test(name),
  );
  const textOf = (file: string): string => readFileSync(join(ROOT, 'dashboards', file), 'utf8');
  const under = (folder: string): readonly string[] => files.filter((file) => file.startsWith(`${folder}/`)).map(textOf);

  /** Every string in a value. */
  function* strings(value: unknown): Generator<string> {
    if (typeof value === 'string') {
      yield value;
      // Saved objects have JSON within strings.
      if (/^[{[]/.test(value)) {
        try {
          yield* strings(JSON.parse(value));
        } catch {
          // A template, or a query.
        }
      }
    } else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) yield* strings(one);
  }
  const valuesIn = (text: string): readonly string[] =>
    text.startsWith('<')
      ? [text]
      : text.startsWith('{') && text.includes('}\n{')
        ? text
            .trim()
            .split('\n')
            .flatMap((line) => [...strings(JSON.parse(line))])
        : [...strings(parse(text))];
  /** What is between the braces of a template. */
  const templates = (text: string): readonly string[] => [...text.matchAll(/\{\{(.*?)\}\}/gs)].map(([, inside = '']) => inside.trim());

  /** What of an event each may put into a template, and how. */
  const CASES: Readonly<Record<string, (texts: readonly string[]) => void>> = {
    // `{{value}}` of a format is encoded in an address, and escaped in a label; `{{rawValue}}` would not be: kibana, field_formats/common/converters/url.ts.
    elastic: osd,
    opensearch: (texts) => osd(texts, ['period_end']),
    // `$(message)` is put in once, and not looked at again.
    wazuh: (texts) => {
      osd(texts.filter((text) => text.startsWith('{')));
      const fields = texts.flatMap((text) => [...text.matchAll(/\$\(([^)]*)\)/g)].map(([, name]) => name));
      expect(new Set(fields)).toEqual(new Set(['message']));
    },
    elastalert: (texts) => {
      for (const text of texts.flatMap(valuesIn)) {
        if (!text.includes('{{')) continue;
        expect(text.startsWith('{%- macro plain(text) -%}')).toBe(true);
        for (const inside of templates(text).slice(1)) expect(inside).toMatch(/^plain\(.+\)$|\| urlencode$/);
      }
    },
    loki: prometheusTemplates,
    grafana: (texts) => {
      prometheusTemplates(texts.filter((text) => text.includes('apiVersion: 1')));
      for (const text of texts.filter((one) => one.startsWith('{')).flatMap(valuesIn)) {
        // In a link the value is encoded: public/app/features/panel/panellinks/link_srv.ts. `:raw` would not be.
        expect(text).not.toMatch(/\$\{[^}]*:raw\}|\.raw\}|javascript:/);
      }
      for (const text of texts)
        expect(text).not.toMatch(/"type": "(?:text|image|markdown|html|geomap)"|"mode": "(?:html|markdown)"|"disableSanitizeHtml"/);
    },
    // Its labels are names of sites, sinks and directories, which the operator gives.
    prometheus: (texts) => {
      const named = texts.flatMap((text) => templates(text)).filter((inside) => inside.startsWith('$labels'));
      for (const inside of named) expect(inside).toMatch(/^\$labels\.(?:site|schedule|sink|directory|zone)$/);
    },
  };

  function osd(texts: readonly string[], more: readonly string[] = []): void {
    for (const text of texts.flatMap(valuesIn)) {
      for (const inside of templates(text)) expect(['value', ...more]).toContain(inside);
      expect(text).not.toMatch(/\{\{\{|rawValue|javascript:/);
    }
    for (const text of texts) {
      expect(text).not.toMatch(/"type\\*":\\*"(?:vega|img|audio)\\*"|message_template/);
      for (const template of text.matchAll(/urlTemplate\\*":\\*"([^{]*)/g)) expect(template[1]).toMatch(/^dashboards#\/view\//);
    }
  }

  function prometheusTemplates(texts: readonly string[]): void {
    const inside = texts
      .flatMap(valuesIn)
      .filter((text) => text.includes('$labels'))
      .flatMap(templates);
    expect(inside.length).toBeGreaterThan(20);
    const shown = inside.filter((one) => one.includes('$labels') && !one.startsWith('if '));
    const fields = new Set(
      ALERT_RULES.flatMap(({ key, shows }) => [...key, ...shows])
        .filter(isFromScan)
        .map((field) => field.replaceAll('.', '_')),
    );
    for (const one of shown) {
      const label = /\$labels\.(\w+)/.exec(one)?.[1] ?? '';
      if (fields.has(label)) expect(one).toMatch(/^(?:reReplaceAll `\[\^\\pL\\pN \.:%\/_-\]` "\?"|urlquery) \$labels\.\w+$/);
    }
  }

  test('each folder has a case here', () => {
    expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(new Set(Object.keys(CASES)));
  });

  test.each(Object.keys(CASES))('%s', (folder) => CASES[folder]!(under(folder)));

  test('templates in the documentation escape what they put in', () => {
    const pages = readdirSync(join(ROOT, 'docs/how-to')).map((page) => readFileSync(join(ROOT, 'docs/how-to', page), 'utf8'));
    for (const page of pages) expect(page).not.toMatch(/^[^`]*\{\{\{|\{\{&/m);
  });
});
