/** Ships a scan to a server of one's own: JSON lines over HTTP, kept on disk while it is down. */
import { type Batch, ecsLine, fileSource, openStore, type Outcome, ship, type Sink, SinkError } from 'portlog';

const [scan = 'scan.xml', url = 'http://127.0.0.1:8080', stateDir = './state'] = process.argv.slice(2);

const sink: Sink = {
  name: `ours ${url}`,
  identity: { type: 'ours', target: url, scope: '' },
  limits: { maxEvents: 500, maxBytes: 1 << 20, inFlight: 2, inFlightPerPartition: 2 },
  undeliverable: 'keep',
  accepts: (dataset) => dataset !== 'nmap.inventory',
  encode(event) {
    const line = `${ecsLine(event)}\n`;
    return { parts: [line], bytes: Buffer.byteLength(line), partition: '' };
  },
  async check(signal) {
    await post('', signal);
    return [{ level: 'ok', message: `${url} answers` }];
  },
  async send(batch, signal) {
    const lines = batch.entries.flatMap(({ parts }) => parts);
    return outcomeOf(batch, await post(lines.join(''), signal));
  },
  close: async () => undefined,
};

async function post(body: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body, signal });
  } catch (cause) {
    throw new SinkError('temporary', `${url} cannot be reached`, { cause });
  }
}

/** Every entry is in one place: delivered, to be sent again, or rejected. */
function outcomeOf({ entries }: Batch, { ok, status }: Response): Outcome {
  const nothing = { delivered: 0, already: 0, retry: [], rejected: [] };
  if (ok) return { ...nothing, delivered: entries.length };
  // One of them is wrong, or all are too large together: sent in halves, the others get through.
  if (status === 400 || status === 413) {
    if (entries.length > 1) return { ...nothing, retry: entries, split: true };
    return { ...nothing, rejected: entries.map((entry) => ({ entry, status, reason: `refused with ${status}` })) };
  }
  throw new SinkError(status === 429 || status >= 500 ? 'temporary' : 'permanent', `${url} answers ${status}`);
}

const store = openStore(stateDir, scan);
const report = await ship({ sources: [fileSource(scan)], sinks: [sink], store });
for (const { sink: name, tally, failure } of report.sinks) {
  console.log(
    `${name}: read ${tally.read} = delivered ${tally.delivered} + already ${tally.already} + dead ${tally.dead} + spooled ${tally.spooled}`,
  );
  if (failure !== undefined) console.error(failure.message);
}
store.close();
