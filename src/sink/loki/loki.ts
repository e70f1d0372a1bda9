import type { LokiOptions } from './options.ts';
import { encoded } from '../transport/body.ts';
import { httpClient } from '../transport/http.ts';
import { checkLoki } from './answer.ts';
import { entryParts } from './entry.ts';
import { LIMITS, PushRequests } from './push.ts';
import { checkedLabels, streamOf } from './stream.ts';
import { accepting } from '../only.ts';
import { addressOf, LOKI_URL, scopeOf, urlOf } from '../address.ts';
import { shownAddress } from '../shown.ts';
import type { Sink } from '../sink.ts';

/**
 * Loki's push API, one stream per request. Events about hosts, ports and findings carry the time of the scan; those that alert rules look at
 * carry the time of sending. Entries outside of Loki's time window go to a stream beside it (`late="true"`) with the time of sending, and
 * their own in the metadata `scan_time`.
 * https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
 */
export function lokiSink(options: LokiOptions): Sink {
  const { tenant, streamLabels = {}, clock } = options;
  const url = urlOf(options, LOKI_URL);
  const labels = checkedLabels(streamLabels);
  const client = httpClient(options, url);
  const requests = new PushRequests(client, tenant, clock);
  return {
    name: `loki ${shownAddress(url)}${shownBounds(tenant, labels)}`,
    identity: { type: 'loki', target: addressOf(url), scope: scopeOf({ tenant, labels: labelScope(labels) }, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded(entryParts(event), streamOf(event, labels)),
    check: (signal) => checkLoki(client, tenant, signal),
    send: (batch, signal) => requests.send(batch, signal),
    close: () => client.close(),
  };
}

/** The part of a destination's name that distinguishes it from others at the same address, in messages, health events and metrics. */
function shownBounds(tenant: string | undefined, labels: Readonly<Record<string, string>>): string {
  const bounds = [
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(Object.keys(labels).length === 0 ? [] : [`labels ${labelScope(labels)}`]),
  ];
  return bounds.length === 0 ? '' : ` (${bounds.join(', ')})`;
}

function labelScope(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}:${encodeURIComponent(value)}`)
    .join(',');
}
