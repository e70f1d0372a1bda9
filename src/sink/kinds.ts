import { ALERTMANAGER_SETTINGS, type AlertmanagerOptions } from './alertmanager/options.ts';
import { ELASTICSEARCH_SETTINGS, type ElasticsearchOptions } from './elasticsearch/options.ts';
import { EXEC_SETTINGS, type ExecOptions } from './exec/options.ts';
import { FILE_SETTINGS, type FileSinkOptions } from './file/options.ts';
import { HTTP_SETTINGS, type HttpSinkOptions } from './http/options.ts';
import { LOKI_SETTINGS, type LokiOptions } from './loki/options.ts';
import { OPENSEARCH_SETTINGS, type OpenSearchOptions } from './opensearch/options.ts';
import { OTLP_SETTINGS, type OtlpOptions } from './otlp/options.ts';
import { STDOUT_SETTINGS, type StdoutOptions } from './stdout/options.ts';
import { SYSLOG_SETTINGS, type SyslogOptions } from './syslog/options.ts';
import { WAZUH_SETTINGS, type WazuhOptions } from './wazuh/options.ts';
import type { SinkSettings } from './settings.ts';

/** Options of a sink, discriminated by `type`. */
export type SinkOptions =
  | AlertmanagerOptions
  | ElasticsearchOptions
  | ExecOptions
  | FileSinkOptions
  | HttpSinkOptions
  | LokiOptions
  | OpenSearchOptions
  | OtlpOptions
  | StdoutOptions
  | SyslogOptions
  | WazuhOptions;

export type SinkType = SinkOptions['type'];

/** The options of one kind. */
export type OptionsOf<T extends SinkType> = Extract<SinkOptions, { readonly type: T }>;

/** The settings of every kind in the configuration file, by its name. */
export const SINK_SETTINGS: Readonly<Record<SinkType, SinkSettings>> = {
  alertmanager: ALERTMANAGER_SETTINGS,
  elasticsearch: ELASTICSEARCH_SETTINGS,
  exec: EXEC_SETTINGS,
  file: FILE_SETTINGS,
  http: HTTP_SETTINGS,
  loki: LOKI_SETTINGS,
  opensearch: OPENSEARCH_SETTINGS,
  otlp: OTLP_SETTINGS,
  stdout: STDOUT_SETTINGS,
  syslog: SYSLOG_SETTINGS,
  wazuh: WAZUH_SETTINGS,
};
