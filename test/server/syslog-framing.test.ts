import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { startCollectorWith } from './collector.ts';
import { freePort } from './ports.ts';
import { startRsyslog } from './rsyslog.ts';
import { startSyslogNg } from './syslog-ng.ts';
import { startVictoriaLogs } from './victorialogs.ts';

/* The table of docs/how-to/syslog.md, row by row, against the real receivers. */

const EVERYTHING = join(ROOT, 'test/fixtures/everything.xml');

interface Receiver {
  readonly url: string;
  /** What it takes for the texts of messages. */
  readonly texts: () => Promise<readonly string[]>;
}

const receivers = new Map<string, Receiver>();
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const [rsyslog, syslogNg, victoriaLogs] = [await startRsyslog(), await startSyslogNg(), await startVictoriaLogs()];
  receivers.set('rsyslog imtcp', { url: rsyslog.tcp, texts: async () => (await rsyslog.messages()).map(({ text }) => text) });
  for (const source of ['syslog', 'network'] as const)
    receivers.set(`syslog-ng ${source}`, {
      url: syslogNg[source],
      texts: async () => (await syslogNg.messages(source)).map((line) => line.split('\t')[2] ?? ''),
    });
  receivers.set('VictoriaLogs', {
    url: victoriaLogs.syslogUrl,
    texts: async () => (await victoriaLogs.query('*')).map(({ _msg = '' }) => _msg),
  });
  stops.push(...[rsyslog, syslogNg, victoriaLogs].map((server) => () => server.stop()));
  for (const [name, more] of [
    ['Collector', {}],
    ['Collector, octet counting', { enable_octet_counting: true }],
  ] as const) {
    const listen_address = `127.0.0.1:${await freePort()}`;
    const collector = await startCollectorWith({ syslog: { protocol: 'rfc5424', tcp: { listen_address }, ...more } });
    receivers.set(name, { url: `tcp://${listen_address}`, texts: async () => (await collector.requests()).flatMap(textsIn) });
    stops.push(() => collector.stop());
  }
});
afterAll(() => Promise.all(stops.map((stop) => stop())));

function textsIn({ resourceLogs }: any): readonly string[] {
  return resourceLogs.flatMap(({ scopeLogs }: any) =>
    scopeLogs.flatMap(({ logRecords }: any) =>
      logRecords.map(
        ({ attributes = [], body }: any) => attributes.find(({ key }: any) => key === 'message')?.value.stringValue ?? body?.stringValue ?? '',
      ),
    ),
  );
}

/** The id of an event of that site that came as it was sent. */
function idIn(text: string, site: string): string | undefined {
  try {
    const { event, nmap } = JSON.parse(text) as { event: { id: string }; nmap: { site: string } };
    return nmap.site === site ? event.id : undefined;
  } catch {
    return undefined;
  }
}

interface Came {
  readonly code: number | null;
  /** Events of the scan that came as they were sent. */
  readonly whole: number;
  /** What the receiver took for messages. */
  readonly messages: number;
}

/** Ships in that framing, 12 events of a scan and one about the run. */
async function shipped(name: string, framing: string): Promise<Came> {
  const { url, texts } = receivers.get(name) as Receiver;
  const before = (await texts()).length;
  const what = ['--all', '--site', framing, EVERYTHING];
  const config = join(freshDir(), 'portlog.yaml');
  writeFileSync(config, `sinks: [{ type: syslog, url: "${url}", framing: ${framing} }]\n`);
  const { code } = await portlog(['--config', config, '--state-dir', freshDir(), '--no-changes', '--retry-for-seconds', '0', ...what]);
  const { stdout } = await portlog(['--to', 'stdout', '--format', 'ecs', ...what]);
  const ids = stdout.split('\n').flatMap((line) => idIn(line, framing) ?? []);
  const all = await texts();
  const came = new Set(all.map((text) => idIn(text, framing)));
  return { code, whole: ids.filter((id) => came.has(id)).length, messages: all.length - before };
}

test.each([
  ['rsyslog imtcp', 'octet-counting'],
  ['rsyslog imtcp', 'newline'],
  ['syslog-ng syslog', 'octet-counting'],
  ['syslog-ng network', 'newline'],
  ['Collector', 'newline'],
  ['Collector, octet counting', 'octet-counting'],
  ['VictoriaLogs', 'newline'],
  ['VictoriaLogs', 'octet-counting'],
])('%s takes %s: every event is there as it was sent', async (name, framing) => {
  expect(await shipped(name, framing)).toEqual({ code: 0, whole: 12, messages: 13 });
});

test.each([
  ['syslog-ng network', 'octet-counting'],
  ['Collector', 'octet-counting'],
  ['Collector, octet counting', 'newline'],
])('%s and %s: nothing arrives as it was sent, without any error', async (name, framing) => {
  expect(await shipped(name, framing)).toMatchObject({ code: 0, whole: 0 });
});

test('syslog-ng syslog and newline: it closes the connection, so the events wait', async () => {
  expect(await shipped('syslog-ng syslog', 'newline')).toMatchObject({ code: 5, whole: 0 });
});
