import { bulkRefusal } from '../sink/bulk/bulk.ts';
import type { BulkServer } from '../sink/bulk/server.ts';
import { type Fault, faultInWords, inspectTargets, type WriteTarget, UNKNOWN } from '../sink/bulk/write-targets.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { PortlogError } from '../core/errors.ts';
import { STORE_RIGHTS } from './rights.ts';
import { setupFileText } from './files.ts';
import { copyDocuments } from './reindex.ts';
import { done } from './ask.ts';
import { notice, type Step } from './step.ts';

export interface RepairOptions {
  /** Only this namespace; undefined: all. */
  readonly namespace: string | undefined;
  /** Repair, rather than only report. */
  readonly repair: boolean;
}

/**
 * Existing indices keep their field types, whatever the templates say. Missing fields are added; wrong types are reported, and
 * repaired on request.
 */
export async function planRepair(
  client: HttpClient,
  server: BulkServer,
  { namespace = '*', repair }: RepairOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const seen = await inspectTargets(client, namespace, (answer) => bulkRefusal(client.url, answer, server), signal);
  if (seen === UNKNOWN)
    throw new PortlogError('setup-refused', `these credentials may not see the types of fields at ${client.url.origin}`, { hint: STORE_RIGHTS });
  const steps: Step[] = [];
  for (const fault of seen.faults) {
    if (!fault.hasWrongTypes) steps.push(addition(client, server, fault));
    else if (repair) steps.push(repairStep(client, fault));
    else steps.push(notice('wrong', faultInWords(fault)));
  }
  if (repair && steps.length === 0)
    steps.push(notice('unchanged', `${seen.places.length} data streams and inventory indices, whose types are right`));
  return steps;
}

/** Adds fields to a mapping, which is possible at any time. */
function addition(client: HttpClient, { type }: BulkServer, { place, missing }: Fault): Step {
  const text = setupFileText(type, { file: 'component-mappings.json' });
  const { template } = JSON.parse(text) as { readonly template: { readonly mappings: { readonly properties: Tree } } };
  const properties = picked(template.mappings.properties, missing);
  return {
    what: `${place.name}, with ${missing.length} new fields`,
    action: 'update',
    ...sending(client, { method: 'PUT', path: `/${place.index}/_mapping`, body: JSON.stringify({ properties }) }),
  };
}

interface Tree {
  readonly [name: string]: object & { readonly properties?: Tree };
}

/** The part of a tree of fields with these paths. */
function picked(tree: Tree, paths: readonly string[]): Tree {
  const byHead = Map.groupBy(paths, (path) => path.split('.')[0] ?? '');
  return Object.fromEntries(
    [...byHead].flatMap(([head, some]) => {
      const node = tree[head];
      if (node === undefined) return [];
      if (node.properties === undefined || some.includes(head)) return [[head, node]];
      return [
        [
          head,
          {
            ...node,
            properties: picked(
              node.properties,
              some.map((path) => path.slice(head.length + 1)),
            ),
          },
        ],
      ];
    }),
  );
}

function repairStep(client: HttpClient, fault: Fault): Step {
  const { place } = fault;
  if (place.isPlainIndex) return strayMended(client, place);
  return place.name.startsWith('logs-') ? rolledOver(client, fault) : inventoryMended(client, fault);
}

/** Rolls over: existing documents stay in a backing index that is not written any more. */
function rolledOver(client: HttpClient, fault: Fault): Step {
  return {
    what: `${faultInWords(fault)}: a new backing index`,
    action: 'mend',
    ...sending(client, { method: 'POST', path: `/${fault.place.name}/_rollover` }),
  };
}

/** Copies the inventory to a new index, which takes over the name as an alias in the same request that deletes the old index. */
function inventoryMended(client: HttpClient, fault: Fault): Step {
  const { name, index } = fault.place;
  const [, base = index, number = '1'] = /^(.*?)(?:-(\d+))?$/.exec(index.slice('nmap-inventory-'.length)) ?? [];
  const next = `nmap-inventory-${base}-${Number(number) + 1}`;
  const swap: HttpRequest = {
    method: 'POST',
    path: '/_aliases',
    body: JSON.stringify({ actions: [{ remove_index: { index } }, { add: { index: next, alias: name } }] }),
  };
  return {
    what: `${faultInWords(fault)}: copied to ${next}, which takes its name`,
    action: 'mend',
    request: swap,
    async apply(signal) {
      // An index that a failed attempt has left.
      await client.request({ method: 'DELETE', path: `/${next}` }, signal);
      await done(client, { method: 'PUT', path: `/${next}` }, signal);
      await copyDocuments(client, index, { index: next, version_type: 'external' }, signal);
      await done(client, swap, signal);
    },
  };
}

/** An index in the place of a data stream: its documents go to a data stream beside it, so that the name is free. */
function strayMended(client: HttpClient, place: WriteTarget): Step {
  const beside = `${place.name}-before`;
  const removal: HttpRequest = { method: 'DELETE', path: `/${place.index}` };
  return {
    what: `${place.name}, an index where a data stream belongs: copied to the data stream ${beside}, and removed`,
    action: 'mend',
    request: removal,
    async apply(signal) {
      await copyDocuments(client, place.index, { index: beside, op_type: 'create' }, signal);
      await done(client, removal, signal);
    },
  };
}

function sending(client: HttpClient, request: HttpRequest): Pick<Step, 'request' | 'apply'> {
  return { request, apply: (signal) => done(client, request, signal) };
}
