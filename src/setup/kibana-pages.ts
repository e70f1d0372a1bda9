import { listOf, number, record, type Shape } from '../core/shape.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { successAs } from './ask.ts';

const PAGE = 100;
const MOST_PAGES = 50;

/** Everything in a list that Kibana gives page by page, as far as `filter` (KQL) finds it. */
export async function allPages<T>(
  client: HttpClient,
  { path, filter, headers }: Pick<HttpRequest, 'path' | 'headers'> & { readonly filter: string },
  shape: Shape<T>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const query = new URLSearchParams({ filter, per_page: String(PAGE), page: String(page) });
    const request: HttpRequest = { method: 'GET', path: `${path}?${query.toString()}`, ...(headers === undefined ? {} : { headers }) };
    const { data, total } = await successAs(client, request, record({ data: listOf(shape), total: number }), signal);
    found.push(...data);
    if (data.length === 0 || found.length >= total) break;
  }
  return found;
}
