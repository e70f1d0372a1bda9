import { readFileSync } from 'node:fs';
import { parser } from '@grafana/lezer-logql';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lokiRuleGroup, type LokiRuleGroup } from '../../src/content/loki-rules.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { filled, readDashboards, targetsOf } from './grafana.ts';

/* LogQL by the grammar of Grafana's own editor. Whether a query finds what it should, a real Loki says (test/server/content.test.ts). */

/** What the grammar cannot read, where it cannot; the word tells a metric query from a log query. */
function readLogql(query: string): { readonly errors: readonly string[]; readonly kind: string } {
  const errors: string[] = [];
  let kind = '';
  parser.parse(query).iterate({
    enter({ name, from, to, type, node }) {
      if (type.isError) errors.push(`at ${from}: ${query.slice(Math.max(0, from - 20), to + 20)}`);
      if (node.parent?.name === 'Expr' && kind === '') kind = name;
    },
  });
  return { errors, kind };
}

const METRIC = 'MetricExpr';

describe('every LogQL query is valid', () => {
  test.each(['{a="b"} | | json', 'sum by (site (count_over_time({a="b"}[1h]))', 'topk(, rate({a="b"}[1m]))', '{a="b"} | x=`', 'nonsense'])(
    'the grammar refuses %s',
    (query) => {
      expect(readLogql(query).errors).not.toEqual([]);
    },
  );

  test('of the rules for the ruler, which are all metric queries: another one is never evaluated', () => {
    const { groups } = parse(readFileSync('dashboards/loki/rules.yaml', 'utf8')) as { groups: readonly LokiRuleGroup[] };
    const narrow = lokiRuleGroup({ ...DEFAULT_CONTENT, sites: [{ name: 'head office' }, { name: 'a"b\\c' }] });
    const rules = [...groups, narrow].flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(50);
    for (const { alert, expr } of rules) expect([alert, readLogql(expr)]).toEqual([alert, { errors: [], kind: METRIC }]);
  });

  test('of the rules for Grafana', () => {
    const { groups } = parse(readFileSync('dashboards/grafana/alerting/portlog.yaml', 'utf8')) as {
      groups: readonly { rules: readonly { title: string; data: readonly { datasourceUid: string; model: { expr?: string } }[] }[] }[];
    };
    const queries = groups.flatMap(({ rules }) =>
      rules.flatMap(({ title, data }) =>
        data.flatMap(({ datasourceUid, model: { expr } }) => (datasourceUid === '__expr__' || expr === undefined ? [] : [[title, expr] as const])),
      ),
    );
    expect(queries.length).toBeGreaterThanOrEqual(groups.flatMap(({ rules }) => rules).length);
    for (const [title, expr] of queries) expect([title, readLogql(expr)]).toEqual([title, { errors: [], kind: METRIC }]);
  });

  test('of the panels for Grafana, with variables filled in: log queries for tables, metric queries for the rest', () => {
    const targets = targetsOf(readDashboards());
    expect(targets.length).toBeGreaterThan(20);
    for (const { panel, kind, type, expr } of targets) {
      const wanted = kind === 'table' && type === 'range' ? 'LogExpr' : METRIC;
      expect([panel, readLogql(filled(expr, 'default', 30))]).toEqual([panel, { errors: [], kind: wanted }]);
    }
  });
});
