import { describe, expect, test } from 'vitest';
import { Log } from '../../src/cli/session/log.ts';
import { exitCode } from '../../src/cli/session/report/exit-code.ts';
import { jsonSummary } from '../../src/cli/session/report/json-summary.ts';
import { printSummary } from '../../src/cli/session/report/summary.ts';
import type { ShipReport } from '../../src/pipeline/ship.ts';
import type { Source } from '../../src/source/source.ts';
import { host, port, scan } from '../support/scans.ts';
import { textSource } from '../support/text-source.ts';
import { World } from '../support/world.ts';

/* What is said of a run that was stopped before its inputs were read. */

const HOSTS = Array.from({ length: 40 }, (_, i) => host(`192.0.2.${i}`, port(80)));
const SERVICES = '<scaninfo type="syn" protocol="tcp" numservices="1" services="80"/>';
const WHOLE = scan(SERVICES + HOSTS.join(''));
const HALF = WHOLE.indexOf(HOSTS[20] as string);

/** A file; the run is interrupted when half of it was read. */
function interruptedWithin(stop: AbortController): Source {
  return {
    name: 'scan.xml',
    live: false,
    async *bytes() {
      yield Buffer.from(WHOLE.slice(0, HALF));
      stop.abort();
      yield Buffer.from(WHOLE.slice(HALF));
    },
  };
}

function saidOf(report: ShipReport): string {
  let said = '';
  printSummary(report, new Log({ write: (text: string) => void (said += text) } as never, 'normal'));
  return said;
}

describe('a run that is interrupted within a file', () => {
  async function interrupted(): Promise<{ world: World; report: ShipReport }> {
    const stop = new AbortController();
    const world = new World();
    return { world, report: await world.run([], { sources: [interruptedWithin(stop), textSource('next.xml', WHOLE)], stop: stop.signal }) };
  }

  test('says what was read and where it stopped, and nothing of changes that nobody looked for', async () => {
    const { report } = await interrupted();
    expect(saidOf(report)).toBe(
      [
        `portlog: scan.xml was only read up to byte ${HALF}: interrupted`,
        'portlog: scan.xml: 1 run, 20 hosts listed, 20 open ports',
        'portlog: 1 input was not read: next.xml',
        'portlog:   → ship the same again for the rest',
        'portlog: scripted: read 40 = delivered 40 + already 0 + dead 0',
        '',
      ].join('\n'),
    );
    expect(exitCode(report)).toBe(130);
  });

  test('says the same to machines, and in the summary that the destination gets', async () => {
    const { world, report } = await interrupted();
    const { inputs, notRead } = JSON.parse(jsonSummary(report));
    expect(inputs).toMatchObject([{ name: 'scan.xml', partOnly: true, bytes: HALF, hosts: 20, openPorts: 20, portScans: 1 }]);
    expect(notRead).toEqual(['next.xml']);
    const summary = [...world.stored.values()].find(({ action }) => action === 'run-summary');
    expect(summary?.message).toMatch(
      /^portlog run ended with problems: 1 scan, 20 hosts listed, 20 open ports, stopped early: 2 inputs not read to the end; /,
    );
  });

  test('is followed by one that reads the rest, and says what that has', async () => {
    const { world } = await interrupted();
    const report = await world.run([WHOLE]);
    expect(saidOf(report)).toContain('scan 0: 1 run, 40 hosts listed, 40 open ports; seen for the first time: taken as the baseline\n');
  });
});

test('a run that is interrupted before it reads anything says what was not read, and shows one sum', async () => {
  const report = await new World().run([WHOLE, WHOLE], { stop: AbortSignal.abort() });
  expect(saidOf(report)).toBe(
    'portlog: 2 inputs were not read: scan 0, scan 1\nportlog:   → ship the same again for the rest\nportlog: scripted: read 0 = delivered 0 + already 0 + dead 0\n',
  );
});

describe('a scan that is read in parts', () => {
  const part = (hosts: number): string => WHOLE.slice(0, WHOLE.indexOf(HOSTS[hosts] as string));
  const baseline = (hosts: number): string =>
    `${hosts} hosts and ${hosts} open ports seen for the first time, with nothing earlier to compare: taken as the baseline`;

  test('has baselines that count each host once, also when two of them say the same', async () => {
    const world = new World();
    expect(await world.ship(part(10))).toEqual([baseline(10)]);
    expect(await world.ship(part(20))).toEqual([baseline(10)]);
    expect(await world.ship(part(20))).toEqual([]);
    expect(await world.ship(WHOLE)).toEqual([baseline(20)]);
    expect(world.changes().map(({ action }) => action)).toEqual(['baseline', 'baseline', 'baseline']);
  });
});
