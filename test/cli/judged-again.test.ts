import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

/* What is wrong with a scan depends on more than the scan: shipped again with other settings, what those find is delivered and told, once. */

const NETWORK = 'networks: [{ network: 192.0.2.0/24, zone: lan, external: false }]\n';

test('an exposure file that is added later is applied when the same scan is shipped again', async () => {
  const folder = freshDir();
  const [path, exposure, file] = ['scan.xml', 'exposure.yaml', 'events.ndjson'].map((name) => join(folder, name)) as [string, string, string];
  const telnet = port(23, 'open', '<service name="telnet" method="probed" conf="10"/>');
  writeFileSync(path, scan(host('192.0.2.7', (telnet + port(80)).replace('</ports><ports>', ''))));
  writeFileSync(exposure, `${NETWORK}expected: [{ hosts: ["192.0.2.7"], ports: ["23/tcp"], reason: old, owner: us }]\n`);
  const ship = (...more: string[]): ReturnType<typeof portlog> =>
    portlog(['--to', `file=${file}`, '--state-dir', join(folder, 'state'), ...more, path]);
  const told = (): string[] =>
    readFileSync(file, 'utf8').match(/"action":"exposure-unexpected"|192\.0\.2\.7 80\/tcp: is not expected to be open in zone lan/g) ?? [];

  await ship();
  expect(told()).toEqual([]);
  const { stderr } = await ship('--exposure', exposure);
  expect(stderr).toContain('changed: 1 unexpected open port (192.0.2.7 80/tcp)');
  expect(told().sort()).toEqual(['"action":"exposure-unexpected"', '192.0.2.7 80/tcp: is not expected to be open in zone lan']);
  const again = await ship('--exposure', exposure);
  expect(again.stderr).toMatch(/nothing has changed[^]*delivered 0 \+ already/);
  expect(told()).toHaveLength(2);
  const shown = await portlog(['findings', '--state-dir', join(folder, 'state')]);
  expect(shown.stdout).toContain('is not expected to be open in zone lan');
});
