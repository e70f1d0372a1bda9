import { GRAFANA_FOLDER } from '../content/grafana-rules.ts';
import { counted } from '../event/text.ts';
import type { HttpClient } from '../sink/transport/http.ts';
import { listOf, nullable, object, optional, record, text } from '../core/shape.ts';
import { foundAs } from './ask.ts';
import { notice, removal, type Step } from './step.ts';

const FOLDER = `/api/folders/${GRAFANA_FOLDER}`;

/**
 * Removes the folder unless something stays in it, because Grafana deletes everything in a folder with it. `gone`: the uids of what is
 * removed before. The folder itself has no mark of ours; not even `--force` removes what others have put into it.
 */
export async function planFolderRemoval(client: HttpClient, gone: ReadonlySet<string>, signal: AbortSignal): Promise<readonly Step[]> {
  if ((await foundAs(client, { method: 'GET', path: FOLDER }, object, signal)) === undefined) return [];
  const what = `folder ${GRAFANA_FOLDER}`;
  const left = (await itemsInFolder(client, signal)).filter(({ uid }) => !gone.has(uid));
  const [first] = left;
  if (first === undefined) return removal(client, what, 'as-installed', { method: 'DELETE', path: FOLDER }, { force: false });
  const more = left.length === 1 ? '' : `, and ${counted(left.length - 1, 'more item')}`;
  return [notice('stays', `${what}, in which there is ${first.what}${more}`)];
}

interface Item {
  readonly uid: string;
  readonly what: string;
}

/** Dashboards and folders, alert rules, and library panels. Each list is filtered here, because older versions ignore the filter by folder. */
async function itemsInFolder(client: HttpClient, signal: AbortSignal): Promise<readonly Item[]> {
  const ask = { method: 'GET' } as const;
  const hits = await foundAs(client, { ...ask, path: `/api/search?limit=5000&folderUIDs=${GRAFANA_FOLDER}` }, HITS, signal);
  const rules = await foundAs(client, { ...ask, path: '/api/v1/provisioning/alert-rules' }, RULES, signal);
  const library = await foundAs(client, { ...ask, path: `/api/library-elements?perPage=5000&folderFilterUIDs=${GRAFANA_FOLDER}` }, LIBRARY, signal);
  return [
    ...(hits ?? []).flatMap(({ uid, title, folderUid }) => (folderUid === GRAFANA_FOLDER ? [{ uid, what: `"${title}"` }] : [])),
    ...(rules ?? []).flatMap(({ uid, title, folderUID }) => (folderUID === GRAFANA_FOLDER ? [{ uid, what: `the alert rule "${title}"` }] : [])),
    ...(library?.result.elements ?? []).flatMap(({ uid, name, folderUid, meta }) =>
      (folderUid ?? meta?.folderUid) === GRAFANA_FOLDER ? [{ uid, what: `the library panel "${name}"` }] : [],
    ),
  ];
}

/** https://grafana.com/docs/grafana/latest/developers/http_api/folder_dashboard_search/ */
const HITS = listOf(record({ uid: text, title: text, folderUid: nullable(text) }));
/** https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/ */
const RULES = listOf(record({ uid: text, title: text, folderUID: text }));
/** https://grafana.com/docs/grafana/latest/developers/http_api/library_element/ */
const LIBRARY = record({
  result: record({
    elements: listOf(record({ uid: text, name: text, folderUid: nullable(text), meta: optional(record({ folderUid: nullable(text) })) })),
  }),
});
