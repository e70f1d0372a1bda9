import { bulkRefusal } from '../sink/bulk/bulk.ts';
import type { BulkServer } from '../sink/bulk/server.ts';
import { placesOf, UNKNOWN } from '../sink/bulk/write-targets.ts';
import type { HttpClient } from '../sink/transport/http.ts';
import { PortlogError } from '../core/errors.ts';
import { STORE_RIGHTS } from './rights.ts';
import { setupFileText, SETUP_FILES, type SetupFile } from './files.ts';
import { found } from './ask.ts';
import { notice, type PlanOptions, removal, type Step } from './step.ts';
import { covers, definitionIn, isManaged } from './templates.ts';

/**
 * Removes what portlog has installed, last first, because each part refers to those before it. Parts of existing data streams cannot be
 * removed; events are kept, and so are these parts.
 */
export async function planTemplatesRemoval(client: HttpClient, server: BulkServer, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const users = await usersOfParts(client, server, signal);
  const steps: Step[] = [];
  for (const file of SETUP_FILES[server.type].toReversed()) {
    const { what, path } = file;
    const request = { method: 'GET', path } as const;
    const answer = await found(client, request, signal);
    if (answer === undefined) continue;
    const present = isOurs(server, file, definitionIn(client, request, answer)) ? 'as-installed' : 'changed';
    const step = removal(client, what, present, { method: 'DELETE', path }, plan);
    const why = users(file);
    steps.push(...(why === undefined ? step : step.map((one) => needed(one, why))));
  }
  return steps;
}

function needed(step: Step, why: string): Step {
  return step.action === 'remove' ? notice('stays', `${step.what}, which ${why}`) : step;
}

/** Whether portlog has made a template. That for the user's own settings is the user's once something is in it. */
function isOurs({ type }: BulkServer, file: SetupFile, present: unknown): boolean {
  if (file.isCustom !== true) return isManaged(present);
  const ours: unknown = JSON.parse(setupFileText(type, file));
  return covers(present, ours) && covers(ours, present);
}

/** Returns a function that says what still needs a part: data streams need their template and all of its components, every index needs the pipeline of its documents. */
async function usersOfParts(client: HttpClient, server: BulkServer, signal: AbortSignal): Promise<(file: SetupFile) => string | undefined> {
  const places = await placesOf(client, '*', (answer) => bulkRefusal(client.url, answer, server), signal);
  if (places === UNKNOWN)
    throw new PortlogError('setup-refused', `these credentials may not see what is there at ${client.url.origin}`, { hint: STORE_RIGHTS });
  const streams = places.filter(({ name, isPlainIndex }) => name.startsWith('logs-') && !isPlainIndex).map(({ name }) => name);
  const all = places.map(({ name }) => name);
  return ({ use }) => {
    const users = use === 'inventory' ? [] : use === 'all' ? all : streams;
    return users.length === 0 ? undefined : `${inWords(users)} ${users.length === 1 ? 'needs' : 'need'}`;
  };
}

const MOST_NAMES = 3;

function inWords(names: readonly string[]): string {
  const rest = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${rest}`;
}
