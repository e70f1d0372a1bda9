import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from './run-portlog.ts';
import { FOOTER, host, port, scan } from './scans.ts';

/** What the scenarios ask of a Loki, be it real or not. */
export interface LokiSubject {
  readonly url: string;
  tenant(name: string): string;
  entries(
    tenant: string,
    query?: string,
  ): Promise<readonly { readonly stream: Readonly<Record<string, string>>; readonly time: string; readonly line: string }[]>;
  stop(): Promise<void>;
}

interface Sums {
  readonly read: number;
  readonly delivered: number;
  readonly already: number;
  readonly dead: number;
  readonly spooled: number;
  readonly restamped: number;
  readonly unaccounted: number;
  readonly firstRejection?: string;
  readonly failure?: string;
}

interface Shipped {
  readonly sums: Sums;
  readonly code: number | null;
  readonly stderr: string;
}

async function shipTo(loki: LokiSubject, tenant: string, input: string, retryForSeconds = 2): Promise<Shipped> {
  const args = ['--json', '--state-dir', freshDir(), '--to', `loki=${loki.url}`, '--retry-for-seconds', String(retryForSeconds)];
  const { stderr, code } = await portlog(args, { input, env: { PORTLOG_LOKI_TENANT: tenant } });
  const line = stderr.split('\n').find((one) => one.startsWith('{'));
  return { sums: (JSON.parse(line ?? '{"sinks":[{}]}') as { sinks: Sums[] }).sinks[0]!, code, stderr };
}

const seconds = (ago: number): number => Math.floor(Date.now() / 1000) - ago;
/** A scan of hosts that ended so many seconds ago each. */
export function scanOf(agos: readonly number[], ports: (i: number) => string = () => port(80)): string {
  const hosts = agos.map((ago, i) => host(`10.0.${i >> 8}.${i & 255}`, ports(i), `starttime="${seconds(ago) - 1}" endtime="${seconds(ago)}"`));
  return scan(hosts.join(''), `scanner="nmap" version="7.93" args="nmap" start="${seconds(Math.max(...agos))}"`).replace(
    FOOTER,
    FOOTER.replace('1760000060', String(seconds(0))),
  );
}

/** Events, not counting those about portlog itself, by what the tenant has of them. */
async function storedIds(loki: LokiSubject, tenant: string): Promise<readonly string[]> {
  // Without the lines, which may be more than an answer can hold.
  const all = await loki.entries(tenant, '{service_name="portlog"} | line_format ``');
  return all.filter(({ stream }) => stream['dataset'] !== 'nmap.health').map(({ stream }) => stream['event_id'] as string);
}

/** What is counted as delivered is stored, each event once, and nothing else is. */
async function expectTruth(loki: LokiSubject, tenant: string, { sums }: Shipped): Promise<void> {
  const ids = await storedIds(loki, tenant);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBe(sums.delivered);
  expect(sums.unaccounted).toBe(0);
}

const SPREAD = Array.from({ length: 40 }, (_, i) => i * 60);

/**
 * What must be so with any Loki. `start` is called once. `hasLimits`: its tenants have those of test/server/loki/overrides.yaml.
 */
export function lokiScenarios(start: () => Promise<LokiSubject>, hasLimits: boolean): void {
  let loki: LokiSubject;
  const tenants = new Map<string, string>();
  const tenant = (name: string): string => {
    const there = tenants.get(name) ?? loki.tenant(name);
    tenants.set(name, there);
    return there;
  };
  const ship = (to: string, input: string, retryForSeconds?: number): Promise<Shipped> => shipTo(loki, to, input, retryForSeconds);
  beforeAll(async () => {
    loki = await start();
  });
  afterAll(() => loki?.stop());

  describe('what is delivered is there, what is not is accounted for', () => {
    test('a scan of now, twice: the second time adds nothing, even past the ledger', async () => {
      const input = scanOf(SPREAD);
      const first = await ship(tenant('plain'), input);
      expect([first.code, first.sums]).toMatchObject([0, { read: 82, delivered: 82, restamped: 0 }]);
      await expectTruth(loki, tenant('plain'), first);
      // Another state directory knows nothing of the first run: host and port entries are the same to Loki; the end
      // of the scan and the baseline, which carry the time of sending, are not.
      await ship(tenant('plain'), input);
      const ids = await storedIds(loki, tenant('plain'));
      expect(new Set(ids).size).toBe(82);
      expect(ids.length).toBeLessThanOrEqual(84);
    });

    test('structured metadata filters and groups without parsing lines', async () => {
      const found = await loki.entries(tenant('plain'), '{service_name="portlog", dataset="nmap.port"} | server_port=`80` | nmap_port_state=`open`');
      expect(found).toHaveLength(40);
      expect(found[0]?.stream).toMatchObject({
        service_name: 'portlog',
        dataset: 'nmap.port',
        site: 'default',
        server_ip: expect.stringMatching(/^10\./),
        level: 'info',
      });
      expect(Object.keys(found[0]?.stream ?? {}).length).toBeLessThanOrEqual(34);
      const health = await loki.entries(tenant('plain'), '{dataset="nmap.health"} | event_action=`run-summary`');
      expect(health.length).toBeGreaterThan(0);
    });

    test('older than 168 hours: with the time of sending, counted and said', async () => {
      const shipped = await ship(tenant('old'), scanOf([9 * 86_400, 8 * 86_400, 60]));
      expect(shipped.sums).toMatchObject({ read: 8, delivered: 8, restamped: 4 });
      expect(shipped.stderr).toContain('4 events are outside the times that it accepts, and carry the time of sending instead');
      await expectTruth(loki, tenant('old'), shipped);
      const late = await loki.entries(tenant('old'), '{late="true"}');
      expect(late).toHaveLength(4);
      for (const { stream, time } of late) {
        expect(Date.now() - Number(time) / 1e6).toBeLessThan(60_000);
        expect(Date.now() - Date.parse(stream['scan_time'] as string)).toBeGreaterThan(7 * 86_400_000);
      }
    });

    test('more than an hour behind what the stream has', async () => {
      const first = await ship(tenant('behind'), scanOf([0]));
      expect(first.sums.delivered).toBe(4);
      const second = await ship(
        tenant('behind'),
        scanOf([7200, 7300, 600], () => port(82)),
      );
      expect(second.sums).toMatchObject({ read: 8, delivered: 8, restamped: 4 });
      expect((await storedIds(loki, tenant('behind'))).length).toBe(12);
      // What is late has not pushed the stream forward: a third scan of ten minutes ago is on time.
      const third = await ship(
        tenant('behind'),
        scanOf([620], () => port(82)),
      );
      expect(third.sums).toMatchObject({ delivered: 4, restamped: 0 });
    });

    test('newer than now', async () => {
      // A time that cannot be is held at that of reading; what is left of it, Loki's window does not refuse.
      const shipped = await ship(tenant('future'), scanOf([-7200, 60]));
      expect(shipped.sums).toMatchObject({ read: 6, delivered: 6, dead: 0 });
      await expectTruth(loki, tenant('future'), shipped);
    });

    test.skipIf(!hasLimits)('a line that is too long is shortened and marked, and stored', async () => {
      const long = port(82, 'open', `<service name="x"/><script id="s" output="${'long '.repeat(1500)}"/>`);
      const shipped = await ship(
        'short-lines',
        scanOf([30, 20, 10], (i) => (i === 1 ? long : port(80))),
      );
      expect(shipped.code).toBe(0);
      expect(shipped.sums).toMatchObject({ read: 8, delivered: 8, dead: 0 });
      const marked = (await loki.entries(tenant('short-lines'))).filter(({ line }) => line.includes('"shortened":true'));
      expect(marked.map(({ stream }) => stream['server_port'])).toEqual(['82']);
      await expectTruth(loki, 'short-lines', shipped);
    });

    test.skipIf(!hasLimits)('a stream that is too fast, and a tenant that is: again until it is all there', async () => {
      for (const tenant of ['slow-stream', 'slow-tenant']) {
        const shipped = await ship(tenant, scanOf(SPREAD), 60);
        expect(shipped.sums).toMatchObject({ read: 82, delivered: 82, dead: 0, spooled: 0 });
        await expectTruth(loki, tenant, shipped);
      }
    });

    test.skipIf(!hasLimits)('too many streams: what it does not take waits', async () => {
      const shipped = await ship('few-streams', scanOf(SPREAD));
      expect(shipped.code).toBe(5);
      expect(shipped.sums.delivered + shipped.sums.spooled).toBe(82);
      expect(shipped.sums.spooled).toBeGreaterThan(0);
      await expectTruth(loki, 'few-streams', shipped);
    });

    test('a line of 256 KiB goes, and so do many of them', async () => {
      const script = (size: number): string => port(80, 'open', `<service name="x"/><script id="s" output="${'y'.repeat(size)}"/>`);
      const shipped = await ship(
        tenant('big'),
        scanOf(SPREAD, () => script(230_000)),
      );
      expect(shipped.sums).toMatchObject({ read: 82, delivered: 82, dead: 0 });
      await expectTruth(loki, tenant('big'), shipped);
    });
  });

  describe('a sentence for each mistake', () => {
    test.for([
      ['', 'does not accept the credentials (401: no org id)'],
      ['a|b', 'does not accept the tenant'],
    ] as const)('tenant "%s"', async ([tenant, message]) => {
      const { stderr, code } = await portlog(['--state-dir', freshDir(), '--to', `loki=${loki.url}`, join(ROOT, 'examples/loopback.xml')], {
        env: tenant === '' ? {} : { PORTLOG_LOKI_TENANT: tenant },
      });
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    });

    test.skipIf(!hasLimits)('a Loki without structured metadata', async () => {
      const { stderr, code, sums } = await ship('no-metadata', scanOf([60]));
      expect(stderr).toContain('does not accept structured metadata');
      expect(stderr).toContain('→ set limits_config.allow_structured_metadata to true');
      expect([code, sums.spooled]).toEqual([5, 4]);
    });

    test('check says that it is ready, and pushes nothing', async () => {
      const { stdout } = await portlog(['check', '--to', `loki=${loki.url}`], { env: { PORTLOG_LOKI_TENANT: tenant('checked') } });
      expect(stdout).toContain(`ok      Loki at ${loki.url} takes events of the tenant ${tenant('checked')}, without credentials`);
      expect(await loki.entries(tenant('checked'))).toEqual([]);
    });
  });
}
