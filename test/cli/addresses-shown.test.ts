import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shownTarget } from '../../src/sink/shown.ts';
import { NEVER, SCAN } from '../support/mistyped.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

/* Whatever is wrong with an address, what may be a secret in it is not said. */

const SECRET = 'hunter2hunter2hunter2x';

describe('a password in an address that is none, or in the wrong place', () => {
  test.each([
    `elasticsearch=https://u:${SECRET}@es:9200`,
    `elasticsearch=https://${SECRET}@es:9200`,
    `elasticsearch=https:u:${SECRET}@es`,
    `elasticsearch=u:${SECRET}@es:9200`,
    `elasticsearch=//u:${SECRET}@es:9200`,
    `elasticsearch=https://u:${SECRET}/x@es:9200`,
    `elasticsearch=https://u:p@ss:${SECRET}@es:9200`,
    `alertmanager=http://a:1,http://u:${SECRET}@b:1`,
    `alertmanager=http://a:1,u:${SECRET}@b`,
    `syslog=tcp://u:${SECRET}@h:514`,
    `syslog=udp://u:${SECRET}@h:514`,
    `wazuh=tcp://u:${SECRET}@w:514`,
    `wazuh=ftp://u:${SECRET}@w`,
    `loki=http://u:${SECRET}@[::1`,
    `otlp=grpc://u:${SECRET}@c:4317`,
    `http=https://h h/?token=${SECRET}`,
    `file=https://u:${SECRET}@x`,
    `stdout=https://u:${SECRET}@x`,
    `exec=https://u:${SECRET}@x`,
    `https://u:${SECRET}@es:9200`,
    `u:${SECRET}@es`,
  ])('%s', async (to) => {
    const state = ['--state-dir', join(freshDir(), 'state'), '--verbose'];
    for (const [args, env] of [
      [['check', ...state, '--to', to], {}],
      [[...state, '--to', to, SCAN], {}],
      [[...state, SCAN], { PORTLOG_TO: to }],
    ] as const) {
      const { code, stdout, stderr } = await portlogHere(args, env);
      expect([code, stderr + stdout]).toEqual([2, expect.not.stringContaining(SECRET)]);
      expect(stderr).not.toMatch(NEVER);
    }
  });
});

test.for([
  [`https://hooks.slack.com/services/T00000000/B00000000/${SECRET}xx`, 'https://hooks.slack.com/services/T00000000/B00000000/…'],
  [`https://api.telegram.org/bot1:abc/sendMessage`, 'https://api.telegram.org/…/sendMessage'],
  [`https://es:9200/base?key=${SECRET}`, 'https://es:9200/base?…'],
  ['http://a:9093,http://b:9093', 'http://a:9093,http://b:9093'],
  ['/var/log/portlog/events.ndjson', '/var/log/portlog/events.ndjson'],
  ['tls://loghost:6514', 'tls://loghost:6514'],
] as const)('%s is shown as %s', ([target, shown]) => expect(shownTarget(target)).toBe(shown));

test("a webhook's address is in no message, no list of waiting events, and no metrics", async () => {
  const folder = freshDir();
  const config = join(folder, 'portlog.yaml');
  const path = join(folder, 'm.prom');
  writeFileSync(
    config,
    `sinks: [{ type: http, url: "http://127.0.0.1:1/services/T0/${SECRET}?key=${SECRET}", only: { datasets: [nmap.scan, nmap.port] } }]\nmetrics: { file: ${path} }`,
  );
  const args = ['--config', config, '--state-dir', join(folder, 'state')];
  const outputs = [
    await portlogHere(['check', ...args]),
    await portlogHere([...args, '--retry-for-seconds', '0', '--verbose', '--json', SCAN]),
    await portlogHere(['replay', '--list', ...args]),
    await portlogHere(['replay', '--list', '--json', ...args]),
    await portlogHere(['status', ...args]),
    await portlogHere(['status', '--json', ...args]),
    await portlogHere(['status', '--state-dir', join(folder, 'state')]),
  ];
  expect(readFileSync(path, 'utf8')).not.toContain(SECRET);
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain(SECRET);
  expect(outputs.map(({ stdout, stderr }) => stdout + stderr).join('')).toContain('http://127.0.0.1:1/services/T0/…?…');
});
