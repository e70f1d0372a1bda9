import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../support/self-signed.ts';
import { freePort, listening } from './ports.ts';
import { settled } from './settled.ts';
import { startServer } from './start-server.ts';

/** A message as rsyslog has understood it. */
export interface SyslogMessage {
  readonly severity: string;
  readonly facility: string;
  readonly time: string;
  readonly hostname: string;
  readonly program: string;
  readonly msgid: string;
  readonly text: string;
}

/** A real rsyslog on loopback: TCP, TCP by lines only, and TLS. It writes what it gets. */
export interface RsyslogServer {
  readonly tcp: string;
  readonly tls: string;
  readonly caFile: string;
  /** Where it writes what it gets. */
  readonly file: string;
  messages(): Promise<readonly SyslogMessage[]>;
  /** It writes what it has read, and drops its connections. */
  halt(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Its defaults but for the ports: messages of 8 KB, 200 connections. */
export async function startRsyslog(): Promise<RsyslogServer> {
  const base = mkdtempSync(join(tmpdir(), 'portlog-rsyslog-'));
  const [tcp, tls] = [await freePort(), await freePort()];
  const file = join(base, 'messages');
  const config = join(base, 'rsyslog.conf');
  selfSigned(base);
  writeFileSync(
    config,
    `
global(workDirectory="${base}" defaultNetstreamDriverCAFile="${base}/cert.pem" defaultNetstreamDriverCertFile="${base}/cert.pem" defaultNetstreamDriverKeyFile="${base}/key.pem")
module(load="imtcp")
template(name="parts" type="string" string="%syslogseverity-text%\\t%syslogfacility-text%\\t%timereported:::date-rfc3339%\\t%hostname%\\t%programname%\\t%msgid%\\t%msg%\\n")
ruleset(name="write") { action(type="omfile" file="${file}" template="parts" flushInterval="1") }
input(type="imtcp" address="127.0.0.1" port="${tcp}" ruleset="write")
input(type="imtcp" address="127.0.0.1" port="${tls}" ruleset="write" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
`,
  );
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = startServer('rsyslogd', ['-n', '-f', config, '-i', join(base, 'pid')], { stdio: 'ignore' });
    for (const port of [tcp, tls]) await listening(port, child);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('close', resolve));
    ending.kill(signal);
    await ended;
    child = undefined;
  }

  await start();
  return {
    tcp: `tcp://127.0.0.1:${tcp}`,
    tls: `tls://127.0.0.1:${tls}`,
    caFile: join(base, 'cert.pem'),
    file,
    messages: async () => (await settled(file)).split('\n').flatMap((line) => (line === '' ? [] : [messageIn(line)])),
    halt: () => end('SIGTERM'),
    start,
    async stop() {
      await end('SIGTERM');
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function messageIn(line: string): SyslogMessage {
  const [severity = '', facility = '', time = '', hostname = '', program = '', msgid = '', ...text] = line.split('\t');
  return { severity, facility, time, hostname, program, msgid, text: text.join('\t').trim() };
}
