import { expect, test } from 'vitest';
import { ecs, eventsOf } from '../support/scans.ts';

/* nmap writes no command line when it refuses an argument; portlog, which ran it, knows it. */

const REFUSED = `<?xml version="1.0"?><nmaprun scanner="nmap" start="1760000000"><runstats><finished time="1760000000" exit="error" errormsg="Ports specified must be between 0 and 65535 inclusive"/><hosts up="0" down="0" total="0"/></runstats></nmaprun>`;

test('a scan that portlog ran has its command line, masked, although nmap wrote none', () => {
  const [started, failed] = eventsOf(REFUSED, {
    scannerHost: 'scan1',
    scannerArgs: 'nmap -oX - -v --script-args http.pass=secret -p 99999 127.0.0.1',
  }).map(ecs);
  expect(started.message).toMatch(/^nmap scan started: nmap -oX - -v .* -p 99999 127\.0\.0\.1$/);
  expect(JSON.stringify([started, failed])).not.toContain('secret');
  expect(failed.nmap.scan.args).toBe(started.nmap.scan.args);
  expect(started.nmap.scan.args).toContain('-p 99999 127.0.0.1');
});

test('it is no part of the identity of the scan', () => {
  const ids = (scannerArgs: string | undefined): unknown => eventsOf(REFUSED, { scannerHost: 'scan1', scannerArgs }).map(({ id }) => id);
  expect(ids('nmap -p 99999 127.0.0.1')).toEqual(ids(undefined));
});

test('nothing is announced behind a colon when nobody knows the command line', () => {
  const [started] = eventsOf(REFUSED, { scannerHost: 'scan1' }).map(ecs);
  expect([started.message, started.nmap.scan.args]).toEqual(['nmap scan started', undefined]);
});
