import { packageNames, packageText } from '../core/package-files.ts';
import {
  type ContentFiles,
  elastalertRuleFiles,
  grafanaFiles,
  kibanaFiles,
  lokiFiles,
  opensearchDashboardsFiles,
  opensearchFiles,
  wazuhDashboardFiles,
  wazuhFiles,
} from '../content/files.ts';
import { ELASTALERT_RECEIVERS } from '../content/elastalert-rules.ts';
import { opensearchObjects } from '../content/opensearch-dashboards.ts';
import { wazuhObjects } from '../content/wazuh-dashboards.ts';
import type { ContentOptions } from '../content/options.ts';
import type { HttpClient } from '../sink/transport/http.ts';
import type { BulkServer } from '../sink/bulk/server.ts';
import { ELASTICSEARCH } from '../sink/elasticsearch/elasticsearch.ts';
import { OPENSEARCH } from '../sink/opensearch/opensearch.ts';
import { ELASTICSEARCH_URL, LOKI_URL } from '../sink/address.ts';
import type { HttpServerOptions } from '../sink/options.ts';
import { wazuhApi, WAZUH_API_URL } from '../sink/wazuh/api.ts';
import { SETUP_FILES, setupFileText } from './files.ts';
import { planMonitors, planMonitorsRemoval } from './alerting.ts';
import { planPolicy, planPolicyRemoval } from './ism.ts';
import { planDetection, planDetectionRemoval } from './detection.ts';
import { planGrafana, planGrafanaRemoval } from './grafana.ts';
import { planLifecycle } from './lifecycle.ts';
import { planKibana, planKibanaRemoval } from './kibana.ts';
import { planLoki, planLokiRemoval } from './loki.ts';
import { planRepair } from './repair.ts';
import { refuseForOthers } from './retention.ts';
import { planOsd, planOsdRemoval } from './opensearch-dashboards.ts';
import type { AnySavedObject } from './saved-objects.ts';
import type { PlanOptions, Step } from './step.ts';
import { planWazuh, planWazuhRemoval } from './wazuh.ts';
import { planTemplates } from './templates.ts';
import { planTemplatesRemoval } from './templates-removal.ts';

/** A server with what to install there. */
export interface Connection {
  readonly client: HttpClient;
  /** Tenant of Loki, or of the security plugin of OpenSearch Dashboards. */
  readonly tenant: string | undefined;
  readonly content: ContentOptions;
  /** Retention in days, for servers that support it. */
  readonly retentionDays?: number | undefined;
  /** Kibana only: install rules in Elastic Security where it can express them. */
  readonly detection?: boolean | undefined;
}

/** A kind of server that `portlog setup` knows. */
export interface Target {
  /** Default address. */
  readonly url: string;
  /** It has no API, only files. */
  readonly hasFilesOnly?: true;
  /** A special client, where the plain one is not enough. */
  readonly connect?: (options: HttpServerOptions, url: URL) => HttpClient;
  plan(to: Connection, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]>;
  planRemoval(from: Connection, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]>;
  /** What can be installed by hand instead, by path. */
  files(content: ContentOptions): ReadonlyMap<string, string>;
}

const ELASTALERT_FILES = ['elastalert/config.example.yaml', `elastalert/rules/${ELASTALERT_RECEIVERS}`];
const OSSEC_CONF = ['wazuh/ossec-localfile.xml', 'wazuh/ossec-remote.xml'];

export const TARGETS = {
  'elasticsearch': {
    url: ELASTICSEARCH_URL,
    plan: planElasticsearch,
    planRemoval: ({ client }, plan, signal) => planTemplatesRemoval(client, ELASTICSEARCH, plan, signal),
    files: () => new Map([['README.md', packageText('schemas/elasticsearch/README.md')], ...templates('elasticsearch')]),
  },
  'opensearch': {
    url: ELASTICSEARCH_URL,
    plan: planOpenSearch,
    planRemoval: async ({ client }, plan, signal) => [
      ...(await planMonitorsRemoval(client, plan, signal)),
      ...(await planPolicyRemoval(client, plan, signal)),
      ...(await planTemplatesRemoval(client, OPENSEARCH, plan, signal)),
    ],
    files: (content) =>
      new Map([
        ...templates('opensearch'),
        ...withRunbooks('opensearch', new Map([...opensearchFiles(content), ...opensearchDashboardsFiles(content)])),
      ]),
  },
  'opensearch-dashboards': osd('opensearch', opensearchObjects, opensearchDashboardsFiles),
  'kibana': {
    url: 'http://127.0.0.1:5601',
    plan: planKibanaWith,
    planRemoval: async ({ client, content, detection = false }, plan, signal) => [
      ...(await planKibanaRemoval(client, content, plan, signal)),
      ...(detection ? await planDetectionRemoval(client, plan, signal) : []),
    ],
    files: (content) => withRunbooks('elastic', kibanaFiles(content)),
  },
  'elastalert': {
    url: 'http://127.0.0.1',
    hasFilesOnly: true,
    plan: async () => [],
    planRemoval: async () => [],
    files: (content) => {
      const own = ELASTALERT_FILES.map((name) => [name, packageText(`dashboards/${name}`)] as const);
      return withRunbooks('elastalert', new Map([...own, ...elastalertRuleFiles(content)]));
    },
  },
  'grafana': {
    url: 'http://127.0.0.1:3000',
    plan: ({ client, content }, plan, signal) => planGrafana(client, content, plan, signal),
    planRemoval: ({ client }, plan, signal) => planGrafanaRemoval(client, plan, signal),
    files: (content) => {
      const dashboards = textsIn('dashboards/grafana/dashboards/');
      return withRunbooks(
        'grafana',
        new Map([...grafanaFiles(content), ...dashboards.map(([name, text]) => [`grafana/dashboards/${name}`, text] as const)]),
      );
    },
  },
  'loki': {
    url: LOKI_URL,
    plan: ({ client, tenant, content }, plan, signal) => planLoki(client, tenant, content, plan, signal),
    planRemoval: ({ client, tenant }, plan, signal) => planLokiRemoval(client, tenant, plan, signal),
    files: (content) => withRunbooks('loki', lokiFiles(content)),
  },
  'wazuh': {
    url: WAZUH_API_URL,
    connect: wazuhApi,
    plan: ({ client, content }, plan, signal) => planWazuh(client, content, plan, signal),
    planRemoval: ({ client }, plan, signal) => planWazuhRemoval(client, plan, signal),
    files: (content) => {
      const snippets = OSSEC_CONF.map((name) => [name, packageText(`dashboards/${name}`)] as const);
      return withRunbooks('wazuh', new Map([...wazuhFiles(content), ...wazuhDashboardFiles(), ...snippets]));
    },
  },
  'wazuh-dashboard': osd('wazuh', wazuhObjects, wazuhDashboardFiles),
} satisfies Readonly<Record<string, Target>>;
export type TargetName = keyof typeof TARGETS;

/** The target of that name. */
export function targetOf(name: string): Target | undefined {
  return Object.hasOwn(TARGETS, name) ? TARGETS[name as TargetName] : undefined;
}

async function planKibanaWith({ client, content, detection = false }: Connection, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  return [
    ...(await planKibana(client, content, { ...plan, onlyAbsences: detection }, signal)),
    ...(detection ? await planDetection(client, content, plan, signal) : []),
  ];
}

async function planElasticsearch({ client, content, retentionDays }: Connection, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  if (retentionDays !== undefined) await refuseForOthers(client, ELASTICSEARCH, content.namespace, signal);
  return [
    ...(await planTemplates(client, ELASTICSEARCH, retentionDays, plan, signal)),
    ...(await planRepair(client, ELASTICSEARCH, { namespace: content.namespace, repair: plan.repair }, signal)),
    ...(retentionDays === undefined ? [] : await planLifecycle(client, retentionDays, signal)),
  ];
}

async function planOpenSearch({ client, content, retentionDays }: Connection, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  if (retentionDays !== undefined) await refuseForOthers(client, OPENSEARCH, content.namespace, signal);
  return [
    ...(await planTemplates(client, OPENSEARCH, undefined, plan, signal)),
    ...(await planRepair(client, OPENSEARCH, { namespace: content.namespace, repair: plan.repair }, signal)),
    ...(await planMonitors(client, content, plan, signal)),
    ...(retentionDays === undefined ? [] : await planPolicy(client, retentionDays, plan, signal)),
  ];
}

/** Dashboards for OpenSearch Dashboards, or for Wazuh's dashboard, which is based on it. */
function osd(
  folder: string,
  objects: (content: ContentOptions) => readonly AnySavedObject[],
  files: (content: ContentOptions) => ContentFiles,
): Target {
  return {
    url: 'http://127.0.0.1:5601',
    plan: ({ client, tenant, content }, plan, signal) => planOsd(client, objects(content), tenant, plan, signal),
    planRemoval: ({ client, tenant, content }, plan, signal) => planOsdRemoval(client, objects(content), tenant, plan, signal),
    files: (content) => withRunbooks(folder, files(content)),
  };
}

function templates(type: BulkServer['type']): ReadonlyMap<string, string> {
  return new Map(SETUP_FILES[type].map((file) => [file.file, setupFileText(type, file)] as const));
}

/** The files of a target without its folder, with instructions for installing them by hand and the runbooks. */
function withRunbooks(folder: string, files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const runbooks = textsIn('docs/runbooks/').map(([name, text]) => [`runbooks/${name}`, text] as const);
  return new Map([
    ['README.md', packageText(`dashboards/${folder}/README.md`)],
    ...[...files].map(([path, text]) => [path.slice(folder.length + 1), text] as const),
    ...runbooks,
  ]);
}

function textsIn(folder: string): readonly (readonly [string, string])[] {
  return packageNames(folder).map((name) => [name, packageText(folder + name)]);
}
