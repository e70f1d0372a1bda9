import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../src/setup/targets.ts';
import { SCAN } from '../support/mistyped.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { scriptedServer } from '../support/scripted-server.ts';

/* A server, or who stands before it, that sends us elsewhere: nothing of ours goes there. */

type Server = Awaited<ReturnType<typeof scriptedServer>>;
let victim: Server;
let server: Server;
let status = 301;
beforeAll(async () => {
  victim = await scriptedServer((_, response) => void response.writeHead(200).end('{}'));
  server = await scriptedServer((_, response) => void response.writeHead(status, { location: new URL('/stolen', victim.url).href }).end());
});
afterAll(async () => {
  await server.stop();
  await victim.stop();
});

const credentials = (type: string): Readonly<Record<string, string>> => {
  const prefix = `PORTLOG_${type.toUpperCase().replaceAll('-', '_')}`;
  return { [`${prefix}_USER`]: 'me', [`${prefix}_PASSWORD`]: 's3cret' };
};

async function expectRedirect(args: readonly string[], type: string): Promise<void> {
  for (status of [301, 302, 303, 307, 308]) {
    const { stderr, code } = await portlogHere(args, credentials(type));
    expect([code, stderr]).toEqual([2, expect.stringContaining(`answers with a redirect (${status}), which portlog does not follow`)]);
    expect(stderr).toContain(`→ if that is right, write this URL: ${victim.url.href}stolen`);
  }
  expect(victim.seen).toEqual([]);
}

describe('a redirect to another server is not followed, and reported', () => {
  test.for(['alertmanager', 'elasticsearch', 'http', 'loki', 'opensearch', 'otlp', 'wazuh'])('by the sink %s', async (type) => {
    await expectRedirect(['--retry-for-seconds', '0', '--to', `${type}=${server.url.origin}`, SCAN], type);
  });

  const targets = Object.keys(TARGETS).filter((name) => name !== 'elastalert');
  test.for(targets)('by portlog setup %s', async (target) => {
    await expectRedirect(['setup', target, '--url', server.url.origin], target);
  });
});
