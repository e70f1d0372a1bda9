import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PostableAlert } from '../../src/sink/alertmanager/members.ts';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { scriptedServer } from '../support/scripted-server.ts';

const EXPOSURE = 'networks: [{ network: 192.0.2.0/24, zone: lan }]\nexpected: [{ hosts: [192.0.2.1], ports: [22/tcp], reason: administration }]\n';

/** A scan of a day, in which 22/tcp has this state. */
function night(day: number, state: string): string {
  const start = 1_760_000_000 + day * 86_400;
  const header = `scanner="nmap" version="7.93" args="nmap -v -p 22,80 192.0.2.0/28" start="${start}"`;
  const ports = (port(22, state) + port(80)).replace('</ports><ports>', '');
  const text = scan(`<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>${host('192.0.2.1', ports)}`, header);
  return text.replaceAll(/"17600000(\d\d)"/g, (_, seconds: string) => `"${start + Number(seconds)}"`);
}

test('a port that is entered in the exposure file ends its active alert with the next scan', async () => {
  const folder = freshDir();
  const files = ['closed', 'open', 'open'].map((state, day) => {
    const path = join(folder, `${day}.xml`);
    writeFileSync(path, night(day, state));
    return path;
  });
  const exposure = join(folder, 'exposure.yaml');
  writeFileSync(exposure, EXPOSURE);
  const alerts: PostableAlert[] = [];
  const server = await scriptedServer(({ body, method }, response) => {
    if (method === 'POST') alerts.push(...(JSON.parse(body) as PostableAlert[]));
    response.writeHead(200).end(method === 'POST' ? '' : '{"versionInfo":{"version":"0.25.0"}}');
  });
  try {
    const to = ['--state-dir', join(folder, 'state'), '--to', `alertmanager=${server.url.origin}`];
    const [first = '', second = '', third = ''] = files;
    await portlog([...to, first, second]);
    expect(alerts.map(({ labels }) => labels['rule'])).toEqual(['portlog-new-open-port']);
    alerts.length = 0;
    const { stderr, code } = await portlog([...to, '--exposure', exposure, third]);
    expect(code).toBe(0);
    expect(stderr).toContain('1 alert has ended: the exposure file now allows the port\n');
    const ended = alerts.filter(({ labels, endsAt }) => labels['rule'] === 'portlog-new-open-port' && Date.parse(endsAt) <= Date.now());
    expect(ended).toHaveLength(1);
  } finally {
    await server.stop();
  }
});
