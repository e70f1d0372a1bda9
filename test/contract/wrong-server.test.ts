import { describe, expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { plainWords } from '../../src/sink/transport/answer.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/* A URL behind which there is another web server than the one that was meant. */

const EVENTS = eventsOf(fixture('everything.xml'));
/** As Python's http.server, HAProxy and nginx answer. */
const PYTHON =
  '<!DOCTYPE HTML>\n<html lang="en">\n  <head>\n    <meta charset="utf-8">\n    <title>Error response</title>\n  </head>\n  <body>\n    <h1>Error response</h1>\n';
const HAPROXY = '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n';
const NGINX = '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n';

const TYPES = ['elasticsearch', 'opensearch', 'loki', 'otlp', 'http', 'alertmanager'] as const;

/** What sending to a server ends with that gives this answer to everything. */
async function errorOf(type: string, status: number, body: string): Promise<unknown> {
  const server = await scriptedServer((_, response) => void response.writeHead(status, { 'content-type': 'text/html;charset=utf-8' }).end(body));
  const sink = await openSink(type as 'http', server.url.origin, {});
  try {
    // None of these events is an alert.
    const asked = type === 'alertmanager' ? sink.check(NEVER) : sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    return await asked.catch((error: unknown) => error);
  } finally {
    await sink.close();
    await server.stop();
  }
}

describe.each(TYPES)('%s', (type) => {
  test.each([501, 404, 405])('%i of another server is permanent, and its page is not quoted', async (status) => {
    const error = (await errorOf(type, status, PYTHON)) as SinkError;
    expect(error).toBeInstanceOf(SinkError);
    expect(error.kind).toBe('permanent');
    if (status !== 404) expect(error.message).toContain(String(status));
    expect(error.message).not.toContain('<');
  });

  test.each([
    [502, NGINX],
    [503, HAPROXY],
  ])('%i of a proxy is temporary, and only the title of its page is quoted', async (status, page) => {
    const error = (await errorOf(type, status, page)) as SinkError;
    expect([error.kind, error.message]).toEqual(['temporary', expect.stringContaining(String(status))]);
    expect(error.message).not.toContain('<');
  });
});

test.each([
  ['', PYTHON, 'a web page, "Error response"'],
  ['', HAPROXY, 'a web page, "503 Service Unavailable"'],
  ['', NGINX, 'a web page, "502 Bad Gateway"'],
  ['', '<html><body>log in</body></html>', 'a web page'],
  ['', `<html><title>${' '.repeat(500)}</title>`, 'a web page'],
  ['text/html', 'token is\nmissing', 'token is missing'],
  ['', '<Error><Code>AccessDenied</Code></Error>', '<Error><Code>AccessDenied</Code></Error>'],
  ['', ' slow  down\n', 'slow down'],
  ['', `<html>${'<title'.repeat(100_000)}`, 'a web page'],
])('of %s %j the words are %j', (type, body, words) => {
  expect(plainWords({ headers: { 'content-type': type }, body }, 200)).toBe(words);
});
