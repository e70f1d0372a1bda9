const NAMED_THREAT = {
  id: { type: 'string', pattern: '^T(?:A\\d{4}|\\d{4}(?:\\.\\d{3})?)$' },
  name: { type: 'string', minLength: 1 },
  reference: { type: 'string', pattern: '^https://attack\\.mitre\\.org/(?:tactics|techniques)/T[A0-9/]+$' },
};
const NAMED_REQUIRED = ['id', 'name', 'reference'];
const SOME_TEXTS = { type: 'array', items: { type: 'string', minLength: 1 } };

/**
 * A query rule as `POST /api/detection_engine/rules` and the import of rules take it, as far as portlog or Elastic's own rules go. Written
 * after github.com/elastic/kibana, security_solution/common/api/detection_engine/model/rule_schema/*.schema.yaml (QueryRuleCreateProps), and
 * tried on the query rules of github.com/elastic/detection-rules.
 */
export const DETECTION_RULE = {
  type: 'object',
  additionalProperties: false,
  required: ['rule_id', 'name', 'description', 'risk_score', 'severity', 'type'],
  properties: {
    rule_id: { type: 'string', minLength: 1 },
    name: { type: 'string', minLength: 1 },
    description: { type: 'string', minLength: 1 },
    risk_score: { type: 'integer', minimum: 0, maximum: 100 },
    severity: { enum: ['low', 'medium', 'high', 'critical'] },
    type: { const: 'query' },
    language: { enum: ['kuery', 'lucene'] },
    query: { type: 'string', minLength: 1 },
    index: SOME_TEXTS,
    filters: { type: 'array' },
    interval: { type: 'string', pattern: '^\\d+[smhd]$' },
    from: { type: 'string', pattern: '^now-\\d+[smhd]$' },
    to: { type: 'string', const: 'now' },
    timestamp_override: { type: 'string' },
    max_signals: { type: 'integer', minimum: 1 },
    alert_suppression: {
      type: 'object',
      additionalProperties: false,
      required: ['group_by'],
      properties: {
        group_by: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3 },
        duration: {
          type: 'object',
          additionalProperties: false,
          required: ['value', 'unit'],
          properties: { value: { type: 'integer', minimum: 1 }, unit: { enum: ['s', 'm', 'h'] } },
        },
        missing_fields_strategy: { enum: ['doNotSuppress', 'suppress'] },
      },
    },
    threat: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['framework', 'tactic'],
        properties: {
          framework: { const: 'MITRE ATT&CK' },
          tactic: { type: 'object', additionalProperties: false, required: NAMED_REQUIRED, properties: NAMED_THREAT },
          technique: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              required: NAMED_REQUIRED,
              properties: {
                ...NAMED_THREAT,
                subtechnique: {
                  type: 'array',
                  items: { type: 'object', additionalProperties: false, required: NAMED_REQUIRED, properties: NAMED_THREAT },
                },
              },
            },
          },
        },
      },
    },
    note: { type: 'string', minLength: 1 },
    setup: { type: 'string' },
    false_positives: SOME_TEXTS,
    references: SOME_TEXTS,
    investigation_fields: {
      type: 'object',
      additionalProperties: false,
      required: ['field_names'],
      properties: { field_names: { ...SOME_TEXTS, minItems: 1 } },
    },
    author: SOME_TEXTS,
    license: { type: 'string' },
    tags: SOME_TEXTS,
    enabled: { type: 'boolean' },
    exceptions_list: { type: 'array' },
    severity_mapping: { type: 'array' },
    risk_score_mapping: { type: 'array' },
    rule_name_override: { type: 'string' },
    timeline_id: { type: 'string' },
    timeline_title: { type: 'string' },
  },
};

const HOURS = { type: 'object', additionalProperties: false, required: ['hours'], properties: { hours: { type: 'number', exclusiveMinimum: 0 } } };

/** Written after elastalert/schema.yaml of ElastAlert 2, as far as portlog goes; the real one runs the rules in test/server. */
export const ELASTALERT_RULE = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type', 'index', 'import', 'filter', 'timestamp_field', 'realert', 'alert_subject', 'alert_text'],
  properties: {
    name: { type: 'string', pattern: '^\\[portlog\\] ' },
    import: { const: 'receivers.inc' },
    description: { type: 'string' },
    priority: { enum: [1, 2, 3, 4] },
    index: { type: 'string', pattern: '^logs-nmap\\.' },
    timestamp_field: { const: 'event.ingested' },
    filter: { type: 'array', items: { type: 'object', required: ['query_string'] }, minItems: 1 },
    type: { enum: ['any', 'flatline'] },
    query_key: { type: 'array', items: { type: 'string' }, minItems: 1 },
    realert: HOURS,
    timeframe: HOURS,
    threshold: { const: 1 },
    use_count_query: { const: true },
    alert_subject: { type: 'string' },
    alert_text_type: { const: 'alert_text_jinja' },
    alert_text: { type: 'string' },
  },
};
