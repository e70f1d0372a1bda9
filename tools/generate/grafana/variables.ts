import {
  CustomVariableBuilder,
  type DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { LEVELS } from '../../../src/content/levels.ts';

export const SOURCE = { type: 'loki', uid: '${datasource}' };
const ALL = { text: ['All'], value: ['$__all'] };
/** Values are regular expressions, so that "all" also matches entries without the label. */
const ANYTHING = '.*';

/** The filters of a dashboard: those that its queries use. */
export function withVariables(builder: DashboardBuilder, queries: string): DashboardBuilder {
  builder.withVariable(new DatasourceVariableBuilder('datasource').label('Loki').type('loki'));
  if (queries.includes('$site')) builder.withVariable(site());
  if (queries.includes('$zone')) builder.withVariable(text('zone', 'Zone', 'A zone of the exposure file, as a regular expression'));
  if (queries.includes('$network'))
    builder.withVariable(text('network', 'Network', 'As the exposure file writes it: 192.0.2.0/24; a regular expression'));
  if (queries.includes('$address')) builder.withVariable(text('address', 'Address', 'As a regular expression: 192[.]0[.]2[.].*'));
  if (queries.includes('$level')) builder.withVariable(severity());
  return builder;
}

function site(): QueryVariableBuilder {
  return new QueryVariableBuilder('site')
    .label('Site')
    .datasource(SOURCE)
    .query({ label: 'site', refId: 'site', stream: '{service_name="portlog"}', type: 1 })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current(ALL);
}

function severity(): CustomVariableBuilder {
  return new CustomVariableBuilder('level').label('Severity').values(LEVELS.join(',')).multi(true).includeAll(true).allValue(ANYTHING).current(ALL);
}

function text(name: string, label: string, about: string): TextBoxVariableBuilder {
  return new TextBoxVariableBuilder(name).label(label).description(about).defaultValue(ANYTHING).current({ text: ANYTHING, value: ANYTHING });
}
