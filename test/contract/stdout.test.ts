import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { stdoutSink } from '../../src/sink/stdout/stdout.ts';
import { tableSink } from '../../src/sink/stdout/table.ts';
import { addressSet } from '../../src/library/policy.ts';
import { eventsOf, fixture, scan } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';

describe('stdout, ECS', () => sinkContract(async () => stdoutSink(new PassThrough().resume(), 'ecs')));
describe('table', () => sinkContract(async () => tableSink(new PassThrough().resume(), true)));
describe('stdout, OpenTelemetry', () => sinkContract(async () => stdoutSink(new PassThrough().resume(), 'otel')));

test('a reader that goes away is "closed", which is no failure', async () => {
  const gone = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  });
  const sink = stdoutSink(gone, 'ecs');
  const entries = entriesOf(sink, eventsOf(fixture('everything.xml')));
  await expect(sink.send(batchOf(entries), NEVER)).rejects.toMatchObject({ name: 'SinkError', kind: 'closed' });
});

test('the table tells what kind of machine a host is', async () => {
  const out = new PassThrough();
  const sink = tableSink(out, false);
  const text = scan(
    `<host><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><address addr="52:54:00:AB:CD:EF" addrtype="mac" vendor="QEMU\u202E NIC"/><os><osmatch name="Linux 5.4 - 5.15" accuracy="98" line="1"/></os></host>`,
  );
  await sink.send(batchOf(entriesOf(sink, eventsOf(text).slice(0, 1))), NEVER);
  expect(String(out.read())).toBe('\n192.0.2.7 up\n  OS: Linux 5.4 - 5.15 (98 %)\n  MAC: 52:54:00:AB:CD:EF (QEMU\\u202E NIC)\n');
});

test('the table has one heading for a host, whatever identifies it', async () => {
  const out = new PassThrough();
  const sink = tableSink(out, false);
  const one = (address: string, type: string): string =>
    `<host><status state="up"/><address addr="${address}" addrtype="${type}"/><address addr="52:54:00:AB:CD:EF" addrtype="mac"/><ports><port protocol="tcp" portid="23"><state state="open"/><service name="telnet" method="probed" conf="10"/></port></ports></host>`;
  const text = scan(one('192.0.2.7', 'ipv4') + one('fe80::1', 'ipv6'), 'scanner="nmap" args="nmap -6 -e eth0 -oX - 192.0.2.0/24" start="1760000000"');
  await sink.send(batchOf(entriesOf(sink, eventsOf(text, { macNetworks: addressSet(['192.0.2.0/24']) }))), NEVER);
  const shown = String(out.read());
  expect(shown.match(/^\S.*$/gm)).toEqual([
    expect.stringMatching(/^52-54-00-AB-CD-EF up/),
    expect.stringMatching(/^fe80::1%eth0 up/),
    expect.stringContaining('finished'),
  ]);
  expect(shown.match(/^ {2}23\/tcp.*$/gm)).toHaveLength(2);
  expect(shown.match(/^ {2}! 23\/tcp: .*\[\w+\]$/gm)).toHaveLength(2);
});

test('the table never prints a control character from a scan', async () => {
  const out = new PassThrough();
  const sink = tableSink(out, false);
  const text = fixture('everything.xml').toString().replaceAll('nginx', '&#x1b;[2Jng\u0007inx');
  await sink.send(batchOf(entriesOf(sink, eventsOf(text))), NEVER);
  const shown = String(out.read());
  expect(shown).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
  expect(shown).toContain('  443/tcp      open           https              \\x1B[2Jng\\x07inx 1.18.0');
});
