import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installSyslogNg } from './install/syslog-ng.ts';
import { freePort, listening } from './ports.ts';
import { settled } from './settled.ts';
import { startServer } from './start-server.ts';

/** A real syslog-ng on loopback, with both of its sources for RFC 5424. It writes what it gets. */
export interface SyslogNgServer {
  readonly syslog: string;
  readonly network: string;
  /** What it takes for messages: `PROGRAM MSGID TEXT`, separated by tabs. */
  messages(source: 'syslog' | 'network'): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startSyslogNg(): Promise<SyslogNgServer> {
  const { program, modules, env } = await installSyslogNg();
  const base = mkdtempSync(join(tmpdir(), 'portlog-syslog-ng-'));
  const [syslog, network] = [await freePort(), await freePort()];
  const config = join(base, 'syslog-ng.conf');
  writeFileSync(
    config,
    `@version: 3.38
options { keep-hostname(yes); };
template parts { template("\${PROGRAM}\\t\${MSGID}\\t\${MESSAGE}\\n"); };
log { source { syslog(ip("127.0.0.1") transport("tcp") port(${syslog})); }; destination { file("${base}/syslog" template(parts)); }; };
log { source { network(ip("127.0.0.1") transport("tcp") port(${network}) flags(syslog-protocol)); }; destination { file("${base}/network" template(parts)); }; };
`,
  );
  const files = ['-R', join(base, 'persist'), '-c', join(base, 'ctl'), '-p', join(base, 'pid')];
  const child = startServer(program, ['-F', '-f', config, '--no-caps', ...files, `--module-path=${modules}`], { stdio: 'ignore', env });
  for (const port of [syslog, network]) await listening(port, child);
  return {
    syslog: `tcp://127.0.0.1:${syslog}`,
    network: `tcp://127.0.0.1:${network}`,
    messages: async (source) => (await settled(join(base, source))).split('\n').filter((line) => line !== ''),
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(base, { recursive: true, force: true });
    },
  };
}
