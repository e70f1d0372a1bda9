import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { LINES } from '../../src/event/lines.ts';
import { statementOf } from '../../src/sink/alertmanager/statement.ts';
import { envelopeOf } from '../../src/sink/http/envelope.ts';
import type { SinkType } from '../../src/sink/kinds.ts';
import { createSink } from '../../src/sink/registry.ts';
import { told } from '../support/alert-events.ts';
import { freshDir } from '../support/run-portlog.ts';
import { ecs, eventsOf } from '../support/scans.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { ALL, CONTROL, EVIL, MARKUP, scanWith } from '../support/strangers-text.ts';

/*
 * What strangers write arrives as text in every sink, and nowhere as markup or as a command (docs/explanation/security.md has the list; formats
 * of commands and dashboards are in tests of their own). A new sink needs a case here: the types say so.
 */

const EVENTS = eventsOf(scanWith(ALL), { all: true });
test('what is planted reaches every kind of event, and their fields exactly', () => {
  expect(new Set(EVENTS.map(({ dataset }) => dataset))).toEqual(new Set(['nmap.host', 'nmap.port', 'nmap.finding', 'nmap.scan']));
  const port = ecs(EVENTS.find(({ dataset }) => dataset === 'nmap.port')!);
  expect([port.nmap.service.product, port.host.name]).toEqual([ALL, ALL.toLowerCase()]);
  expect(ALL.startsWith(port.nmap.script.id[0])).toBe(true);
});

test.each(EVIL)('a message has no markup and no control character, whatever stands in it: %j', (evil) => {
  for (const text of [evil, `a${evil}`, `${evil}b`, evil + evil])
    for (const { message } of eventsOf(scanWith(text), { all: true })) {
      expect(message).not.toMatch(MARKUP);
      expect(message).not.toMatch(CONTROL);
    }
});

const json = (text: string): any => JSON.parse(text);
const oneLine = (text: string): string => {
  expect(text.endsWith('\n')).toBe(true);
  expect(text.slice(0, -1)).not.toMatch(CONTROL);
  return text.slice(0, -1);
};

/** The text of an event in OTLP, as a receiver has it. */
const bodyOf = (record: any): any => record.body.stringValue ?? record.body;

/** What the receiver of each sink reads; it has the event's message and, where there are fields, the host's name. */
const READ: { readonly [T in SinkType]: { readonly more?: object; readonly read: (entry: string) => { message: string; name?: string } } } = {
  // Alerts come from changes; tested below.
  alertmanager: {
    read: (entry) => ({
      message: json(entry)
        .raised.map(({ annotations }: any) => annotations.message)
        .join(''),
    }),
  },
  elasticsearch: { read: bulk },
  opensearch: { read: bulk },
  exec: { more: { command: ['/bin/true'] }, read: (entry) => named(json(oneLine(entry))) },
  file: { more: { target: join(freshDir(), 'out') }, read: (entry) => named(json(oneLine(entry))) },
  http: { more: { target: 'http://127.0.0.1:9' }, read: (entry) => named(json(oneLine(entry))) },
  loki: {
    read(entry) {
      const [line, metadata] = json(`[${entry}}]`);
      for (const value of Object.values(metadata)) expect(typeof value).toBe('string');
      return named(json(line));
    },
  },
  otlp: {
    more: { encoding: 'json' },
    read(entry) {
      const record = json(entry);
      const name = record.attributes.find(({ key }: any) => key === 'host.name')?.value.stringValue;
      return { message: bodyOf(record), ...(name === undefined ? {} : { name }) };
    },
  },
  stdout: { read: (entry) => named(json(oneLine(entry))) },
  syslog: {
    more: { target: 'tcp://127.0.0.1:9', framing: 'newline', maxMessageBytes: 100_000 },
    read(entry) {
      // RFC 5424: no structured data, and the message is one line.
      const { header = '', message = '' } = /^(?<header><\d+>1 \S+ \S+ portlog - \S+ - )(?<message>\{.*\})$/s.exec(oneLine(entry))!.groups!;
      expect(header).not.toMatch(/[[\]"]/);
      return named(json(message));
    },
  },
  wazuh: {
    more: { target: join(freshDir(), 'wazuh') },
    read(entry) {
      const event = json(oneLine(entry));
      // Wazuh takes these names at the top for its own, and names of scans are nowhere.
      for (const name of ['srcip', 'dstip', 'user', 'location', 'url', 'action', 'id', 'status', 'program_name'])
        expect(event).not.toHaveProperty(name);
      expect(Object.keys(event).join()).toMatch(/^[a-z_,]+$/);
      return named(event);
    },
  },
};

function named({ message, host }: any): { message: string; name?: string } {
  return host?.name === undefined ? { message } : { message, name: host.name };
}

function bulk(entry: string): { message: string; name?: string } {
  const [, document = ''] = entry.trimEnd().split('\n');
  expect(entry.trimEnd().split('\n')).toHaveLength(2);
  return named(json(document));
}

describe.each(Object.keys(READ) as SinkType[])('%s', (type) => {
  test('carries it as text', async () => {
    const { more = {}, read } = READ[type];
    const entries =
      type === 'stdout'
        ? EVENTS.map((event) => `${LINES.ecs(event).join('')}\n`)
        : await (async () => {
            const sink = await createSink(sinkOptions(type, { target: 'http://127.0.0.1:9', ...more }));
            const made = EVENTS.map((event) => sink.encode(event)).map((one) => ('parts' in one ? one.parts.join('') : ''));
            await sink.close();
            return made;
          })();
    for (const [i, entry] of entries.entries()) {
      const { message, name } = read(entry);
      if (type !== 'alertmanager') expect(message).toBe(EVENTS[i]!.message);
      if (name !== undefined) expect(name).toBe(ALL.toLowerCase());
    }
  });
});

test('alerts have no markup in labels or annotations, and the address of a dashboard stays one', () => {
  const event = told({
    action: 'vulnerability-found',
    time: Date.now(),
    ip: ALL,
    port: 80,
    zone: ALL,
    rule: { id: ALL, name: ALL, category: 'vulnerability' },
    severity: 99,
    message: ALL,
    nmap: { finding: { level: 'critical', remedy: ALL } },
  });
  const all = [
    event,
    told({ action: 'host-new', time: Date.now(), ip: ALL, message: ALL }),
    told({ action: 'port-opened', time: Date.now(), ip: ALL, port: 1, message: ALL }),
  ];
  const raised = all.flatMap(
    (one) => statementOf(one, { isMeant: () => true, runbooks: undefined, hostDashboard: 'https://g.example/d/x?a={address}' }).raised,
  );
  expect(raised.length).toBeGreaterThan(1);
  for (const { labels, annotations } of raised) {
    const { host_dashboard: link = '', ...texts } = annotations;
    for (const text of [...Object.values(labels), ...Object.values(texts)]) {
      expect(text).not.toMatch(MARKUP);
      expect(text).not.toMatch(CONTROL);
    }
    expect(new URL(link).searchParams.get('a')).toBe(ALL);
    expect(link).not.toMatch(/[\s<>"{}|]/);
  }
});

describe('an envelope stays what its type says', () => {
  const event = EVENTS.find(({ dataset }) => dataset === 'nmap.port')!;
  const filled = (text: string, contentType?: string): string => envelopeOf(text, contentType).parts(event).join('');

  test('JSON', () => {
    expect(json(filled('{"text":"{message}","event":{}}'))).toEqual({
      text: expect.stringMatching(/^192\.0\.2\.7 80\/tcp open /),
      event: ecs(event),
    });
  });

  test('a form', () => {
    const form = new URLSearchParams(filled('channel=ops&text={message}&event={}', 'application/X-WWW-Form-Urlencoded'));
    expect([...form.keys()]).toEqual(['channel', 'text', 'event']);
    expect(form.get('text')).toBe(event.message.slice(0, form.get('text')!.length));
    expect(json(form.get('event')!)).toEqual(ecs(event));
  });

  test.each(['application/xml', 'text/xml; charset=utf-8', 'application/soap+xml', 'text/html'])('%s', (type) => {
    const parser = new SaxesParser();
    let [text, attribute] = ['', ''];
    const tags: string[] = [];
    parser.on('opentag', ({ name, attributes }) => {
      tags.push(name);
      attribute ||= attributes['a'] ?? '';
    });
    parser.on('text', (piece) => (text += piece));
    parser.on('error', (error) => {
      throw error;
    });
    parser.write(filled('<alert a="{message}">{}</alert>', type)).close();
    expect(tags).toEqual(['alert']);
    expect(event.message.startsWith(attribute)).toBe(true);
    expect(json(text)).toEqual(ecs(event));
  });

  test('plain text is one line', () => {
    expect(filled('{message}', 'text/plain')).not.toMatch(CONTROL);
  });
});
