import { firstLinks } from '../content/osd-objects.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpClient } from '../sink/transport/http.ts';
import { isAtLeast } from '../sink/transport/version.ts';
import { type AnySavedObject, checkDashboards, planObjects, planObjectsRemoval, type SavedObjectsServer } from './saved-objects.ts';
import { type PlanOptions, type Step } from './step.ts';

const OLDEST = [1, 0] as const;
/** From this version on, the server is a Kibana, from which OpenSearch Dashboards was forked at 7.10. */
const FORKED = [7, 0] as const;
const ABOUT = 'nmap scans, by portlog';

/**
 * Dashboards for OpenSearch Dashboards or Wazuh's dashboard, which is based on it, over the import of saved objects. `tenant`: of the security
 * plugin.
 * https://docs.opensearch.org/latest/dashboards/management/management-index/
 */
export async function planOsd(
  client: HttpClient,
  objects: readonly AnySavedObject[],
  tenant: string | undefined,
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  await checkOsd(client, signal);
  return [await planObjects(osd(objects, tenant), client, objects, plan, signal)];
}

export async function planOsdRemoval(
  client: HttpClient,
  objects: readonly AnySavedObject[],
  tenant: string | undefined,
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  await checkOsd(client, signal);
  return planObjectsRemoval(osd(objects, tenant), client, objects, plan, signal);
}

/** Without the security plugin, the header with the tenant is ignored; with it, everybody sees the tenant "global". */
function osd(objects: readonly AnySavedObject[], tenant = 'global'): SavedObjectsServer {
  const headers = { 'osd-xsrf': 'true', 'securitytenant': tenant };
  return {
    product: 'OpenSearch Dashboards',
    headers,
    mark: { type: 'visualization', id: firstLinks(objects.filter(({ type }) => type === 'dashboard')), text: ABOUT },
    what: (some) => {
      const dashboards = some.filter(({ type }) => type === 'dashboard').length;
      return `${dashboards} dashboard${dashboards === 1 ? '' : 's'}, and ${some.length - dashboards} index patterns, searches and visualizations that belong to them`;
    },
    removals: (some) =>
      some.map(({ type, id }) => ({
        what: `${type} ${id}`,
        request: { method: 'DELETE', path: `/api/saved_objects/${type}/${encodeURIComponent(id)}`, headers },
      })),
  };
}

async function checkOsd(client: HttpClient, signal: AbortSignal): Promise<void> {
  const hint = 'check the URL, and PORTLOG_OPENSEARCH_DASHBOARDS_USER and _PASSWORD (of Wazuh: PORTLOG_WAZUH_DASHBOARD_…)';
  const version = await checkDashboards(client, 'OpenSearch Dashboards', OLDEST, hint, signal);
  if (isAtLeast(version, FORKED))
    throw new PortlogError('setup-refused', `this is Kibana ${version}, not OpenSearch Dashboards`, { hint: 'portlog setup kibana' });
}
