/*
 * The wrappers around our queries as JSON Schema, written from the sources that are named: there is no Kibana
 * and no Grafana here to refuse a wrong one.
 */

const text = { type: 'string', minLength: 1 };
const strings = { type: 'array', items: text };

function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}

/** kibana: x-pack/platform/plugins/shared/alerting/common/routes/rule/apis/create/schemas/v1.ts, .../stack_alerts/server/rule_types/es_query/rule_type_params.ts */
export const KIBANA_RULE = object({
  name: text,
  tags: strings,
  rule_type_id: { const: '.es-query' },
  consumer: { enum: ['stackAlerts', 'alerts', 'logs', 'infrastructure', 'observability'] },
  schedule: object({ interval: { type: 'string', pattern: '^\\d+[smhd]$' } }),
  params: {
    ...object(
      {
        searchType: { const: 'esQuery' },
        index: { ...strings, minItems: 1 },
        timeField: text,
        esQuery: text,
        size: { type: 'integer', minimum: 0, maximum: 10_000 },
        threshold: { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 2 },
        thresholdComparator: { enum: ['>', '>=', '<', '<=', 'between', 'notBetween'] },
        timeWindowSize: { type: 'integer', minimum: 1 },
        timeWindowUnit: { enum: ['s', 'm', 'h', 'd'] },
        aggType: { const: 'count' },
        groupBy: { enum: ['all', 'top'] },
        termField: { anyOf: [text, { ...strings, minItems: 2, maxItems: 4 }] },
        termSize: { type: 'integer', minimum: 1, maximum: 1000 },
        excludeHitsFromPreviousRun: { type: 'boolean' },
      },
      ['termField', 'termSize'],
    ),
    anyOf: [{ properties: { groupBy: { const: 'all' } } }, { required: ['termField', 'termSize'] }],
  },
  actions: { type: 'array', maxItems: 0 },
});

/** https://www.elastic.co/docs/extend/kibana/saved-objects/export; the attributes as packages of elastic/integrations have them. */
export const KIBANA_OBJECT = object({
  type: { enum: ['index-pattern', 'search', 'dashboard', 'tag'] },
  id: { type: 'string', pattern: '^portlog' },
  attributes: { type: 'object' },
  references: { type: 'array', items: object({ type: { enum: ['index-pattern', 'search', 'tag'] }, id: text, name: text }) },
  coreMigrationVersion: { const: '8.8.0' },
  typeMigrationVersion: { enum: ['8.0.0', '10.2.0'] },
  managed: { const: false },
});

/** OpenSearch-Dashboards: src/core/server/saved_objects; the attributes as src/plugins/{dashboard,visualizations,discover}/server/saved_objects map them. */
export const OSD_OBJECT = {
  ...object({
    type: { enum: ['index-pattern', 'search', 'visualization', 'dashboard'] },
    id: { type: 'string', pattern: '^portlog' },
    attributes: { type: 'object' },
    references: { type: 'array', items: object({ type: { enum: ['index-pattern', 'search', 'visualization'] }, id: text, name: text }) },
    migrationVersion: { type: 'object', minProperties: 1, maxProperties: 1 },
  }),
  oneOf: [
    osdOf('index-pattern', '7.6.0', { title: text, timeFieldName: text, fieldFormatMap: text }, ['timeFieldName']),
    osdOf('search', '7.9.3', {
      title: text,
      description: text,
      hits: { const: 0 },
      columns: strings,
      sort: { type: 'array' },
      version: { const: 1 },
      kibanaSavedObjectMeta: object({ searchSourceJSON: text }),
    }),
    osdOf('visualization', '7.10.0', {
      title: text,
      description: { type: 'string' },
      version: { const: 1 },
      visState: text,
      uiStateJSON: text,
      kibanaSavedObjectMeta: object({ searchSourceJSON: text }),
    }),
    osdOf('dashboard', '7.9.3', {
      title: text,
      hits: { const: 0 },
      description: text,
      panelsJSON: text,
      optionsJSON: text,
      version: { const: 1 },
      timeRestore: { const: true },
      timeFrom: { type: 'string', pattern: '^now-\\d+d$' },
      timeTo: { const: 'now' },
      kibanaSavedObjectMeta: object({ searchSourceJSON: text }),
    }),
  ],
};

function osdOf(type: string, version: string, attributes: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  return {
    properties: { type: { const: type }, migrationVersion: object({ [type]: { const: version } }), attributes: object(attributes, optional) },
  };
}

/** `visState`: src/plugins/vis_type_vislib, vis_type_metric, vis_type_table, vis_type_markdown, input_control_vis. */
export const VIS_STATE = object({
  title: { type: 'string' },
  type: { enum: ['metric', 'histogram', 'horizontal_bar', 'pie', 'table', 'markdown', 'input_control_vis'] },
  aggs: {
    type: 'array',
    items: object({
      id: { type: 'string', pattern: '^\\d+$' },
      enabled: { const: true },
      type: { enum: ['count', 'cardinality', 'sum', 'max', 'top_hits', 'terms', 'date_histogram', 'filters'] },
      schema: { enum: ['metric', 'segment', 'group', 'bucket'] },
      params: { type: 'object' },
    }),
  },
  params: { type: 'object' },
});

/** https://docs.opensearch.org/latest/im-plugin/ism/policies/ */
export const ISM_POLICY = object({
  policy: object({
    description: text,
    default_state: text,
    states: {
      type: 'array',
      minItems: 1,
      items: object({
        name: text,
        actions: {
          type: 'array',
          items: { oneOf: [object({ rollover: object({ min_index_age: text, min_primary_shard_size: text }) }), object({ delete: object({}) })] },
        },
        transitions: { type: 'array', items: object({ state_name: text, conditions: object({ min_rollover_age: text }) }) },
      }),
    },
    ism_template: { type: 'array', items: object({ index_patterns: strings, priority: { type: 'integer' } }) },
  }),
});

/** https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export const GRAFANA_DASHBOARD = {
  type: 'object',
  required: ['uid', 'title', 'description', 'tags', 'schemaVersion', 'panels', 'templating', 'time', 'links', 'editable'],
  not: { required: ['__inputs'] },
  properties: {
    uid: { type: 'string', pattern: '^[a-z-]{1,40}$' },
    schemaVersion: { const: 42 },
    editable: { const: true },
    time: object({ from: { type: 'string', pattern: '^now-\\d+d$' }, to: { const: 'now' } }),
    panels: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'type', 'title', 'description', 'datasource', 'gridPos', 'targets'],
        properties: {
          id: { type: 'integer', minimum: 1 },
          type: { enum: ['stat', 'timeseries', 'bargauge', 'piechart', 'table'] },
          title: text,
          description: text,
          datasource: object({ type: { const: 'loki' }, uid: { const: '${datasource}' } }),
          gridPos: object({
            x: { type: 'integer', minimum: 0, maximum: 23 },
            y: { type: 'integer', minimum: 0 },
            w: { type: 'integer', minimum: 1, maximum: 24 },
            h: { type: 'integer', minimum: 1 },
          }),
          targets: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['refId', 'expr', 'queryType', 'datasource'],
              properties: { refId: { type: 'string', pattern: '^[A-Z]$' }, expr: text, queryType: { enum: ['instant', 'range'] } },
            },
          },
        },
      },
    },
  },
};

/** https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/#import-alert-rules */
export const GRAFANA_ALERTING = object({
  apiVersion: { const: 1 },
  groups: {
    type: 'array',
    items: object({
      orgId: { type: 'integer' },
      name: text,
      folder: text,
      interval: { type: 'string', pattern: '^\\d+[smh]$' },
      rules: {
        type: 'array',
        minItems: 1,
        items: object({
          uid: { type: 'string', pattern: '^[a-z-]{1,40}$' },
          title: text,
          condition: { const: 'B' },
          data: {
            type: 'array',
            minItems: 2,
            items: object(
              {
                refId: { type: 'string', pattern: '^[AB]$' },
                queryType: text,
                relativeTimeRange: object({ from: { type: 'integer' }, to: { const: 0 } }),
                datasourceUid: text,
                model: { type: 'object', required: ['refId'] },
              },
              ['queryType'],
            ),
          },
          noDataState: { enum: ['OK', 'NoData', 'Alerting', 'KeepLast'] },
          execErrState: { enum: ['OK', 'Error', 'Alerting', 'KeepLast'] },
          for: { type: 'string', pattern: '^\\d+[smh]$' },
          labels: { type: 'object', additionalProperties: text },
          annotations: { type: 'object', additionalProperties: text },
        }),
      },
    }),
  },
});

/** https://grafana.com/docs/loki/latest/alert/#alerting-rules */
export const LOKI_RULES = object({
  groups: {
    type: 'array',
    items: object({
      name: text,
      interval: { type: 'string', pattern: '^\\d+[smh]$' },
      rules: {
        type: 'array',
        items: object({
          alert: { type: 'string', pattern: '^[A-Z][A-Za-z]+$' },
          expr: text,
          labels: { type: 'object', additionalProperties: text, required: ['severity', 'rule'] },
          annotations: { type: 'object', additionalProperties: text, required: ['summary', 'description', 'runbook_url'] },
        }),
      },
    }),
  },
});

const script = object({ source: text, lang: { const: 'painless' } });
const trigger = (condition: object): object =>
  object({ name: text, severity: { enum: ['1', '2', '3', '4', '5'] }, condition, actions: { type: 'array', maxItems: 0 } });

/** https://docs.opensearch.org/latest/observing-your-data/alerting/api/ */
export const OPENSEARCH_MONITOR = object({
  type: { const: 'monitor' },
  name: text,
  monitor_type: { enum: ['bucket_level_monitor', 'query_level_monitor'] },
  enabled: { type: 'boolean' },
  schedule: object({ period: object({ interval: { type: 'integer', minimum: 1 }, unit: { enum: ['MINUTES', 'HOURS', 'DAYS'] } }) }),
  inputs: {
    type: 'array',
    minItems: 1,
    maxItems: 1,
    items: object({ search: object({ indices: { ...strings, minItems: 1 }, query: { type: 'object' } }) }),
  },
  triggers: {
    type: 'array',
    minItems: 1,
    items: {
      oneOf: [
        object({
          bucket_level_trigger: trigger(object({ buckets_path: { type: 'object' }, parent_bucket_path: text, script })),
        }),
        object({ query_level_trigger: trigger(object({ script })) }),
      ],
    },
  },
});
