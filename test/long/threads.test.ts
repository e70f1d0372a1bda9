import fc from 'fast-check';
import { beforeAll, afterAll, expect, test, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { ecsLine } from '../../src/event/ecs.ts';
import type { Interpreter } from '../../src/pipeline/interpreter.ts';
import { Interpreter as Mapping } from '../../src/pipeline/interpreter.ts';
import type { ScanItem } from '../../src/nmap/item.ts';
import { ScanReader } from '../../src/nmap/read.ts';
import { PieceReader, type Renderers } from '../../src/pipeline/threads/pieces.ts';
import { Pool } from '../../src/pipeline/threads/pool.ts';
import { Renderer, type RenderOptions } from '../../src/pipeline/threads/render.ts';
import { Slot, Slots, type SlotSizes } from '../../src/pipeline/threads/slot.ts';
import { corpusFile, corpusFiles } from '../support/corpus.ts';
import { PATIENCE_MS } from '../support/run-portlog.ts';
import { fixture, FOOTER, host, port, scan } from '../support/scans.ts';
import { runs } from '../support/seed.ts';

const { now: _, ...event } = { ...DEFAULT_OPTIONS, all: true };
const TERMS: RenderOptions = { event, findings: {}, format: 'ecs' };
/** So small that every scan is many pieces, of which some are too long for a thread, and lines for their room. */
const SMALL: SlotSizes = { piece: 3000, lines: 400 };

beforeAll(() => vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-31T12:00:00Z') }));
afterAll(() => vi.useRealTimers());

interface Result {
  readonly lines: string[];
  readonly openPorts: number;
  /** How many pieces a thread has made the lines of. */
  rendered: number;
}

function alone(bytes: Uint8Array): Result {
  const reader = new ScanReader();
  const interpreter = new Mapping({ ...event, now: Date.now });
  const items = [...reader.push(bytes), ...reader.end()];
  const lines = items.flatMap((item) => [...interpreter.read(item).events].map((one) => `${ecsLine(one)}\n`));
  return { lines, openPorts: interpreter.mapper.openPorts, rendered: 0 };
}

/** What threads do, in this one. */
function here(): Renderers {
  const renderer = new Renderer(TERMS);
  // A copy, as a thread has one.
  return { isReady: true, render: async (piece) => structuredClone(renderer.render(structuredClone(piece))) };
}

async function inPieces(bytes: Uint8Array, pool: Renderers, chunk: number, sizes = SMALL, piece = 200): Promise<Result> {
  const interpreter: Interpreter = new Mapping({ ...event, now: Date.now });
  const result = { lines: [] as string[], openPorts: 0, rendered: 0 };
  const take = async (items: Iterable<ScanItem>): Promise<void> => {
    for (const item of items) for (const one of interpreter.read(item).events) result.lines.push(`${ecsLine(one)}\n`);
  };
  const reader = new PieceReader(
    new ScanReader(),
    { pool, slots: new Slots(sizes) },
    {
      get run() {
        return interpreter.mapper.run?.run;
      },
      take,
      async takeRendered({ body, counts, others, events }) {
        if (!interpreter.mapper.add(counts)) return false;
        const lines = Buffer.from(body).toString().match(/.*\n/g) ?? [];
        expect(lines).toHaveLength(events);
        result.lines.push(...lines);
        result.rendered++;
        await take(others);
        return true;
      },
    },
    { start: 0, piece },
  );
  for (let at = 0; at < bytes.length; at += chunk) await reader.push(bytes.subarray(at, at + chunk));
  await reader.end();
  return { ...result, openPorts: interpreter.mapper.openPorts };
}

async function expectSame(bytes: Uint8Array, chunk: number): Promise<number> {
  const expected = alone(bytes);
  const { rendered, ...result } = await inPieces(bytes, here(), chunk);
  expect(result).toEqual({ lines: expected.lines, openPorts: expected.openPorts });
  return rendered;
}

const HOSTS = Array.from({ length: 60 }, (_, i) => host(`192.0.2.${i}`, port(i + 1, i % 3 === 0 ? 'closed' : 'open')));
const PROGRESS = '<taskprogress task="SYN Stealth Scan" time="1760000003" percent="12.50" remaining="60" etc="1760000060"/>\n';
const HINT = '<hosthint><status state="up" reason="arp-response" reason_ttl="0"/><address addr="192.0.2.9" addrtype="ipv4"/></hosthint>\n';

test('a slot takes what fits, and knows where the last host in it ends', () => {
  const slot = new Slot({ piece: 30, lines: 10 });
  expect([slot.add(Buffer.from('<host/></host')), slot.lastEnd]).toEqual([13, 0]);
  expect([slot.add(Buffer.from('>\n<host></host><ho')), slot.lastEnd, slot.isFull]).toEqual([17, 28, true]);
  expect([slot.add(Buffer.from('st>')), String(slot.bytes)]).toEqual([0, '<host/></host>\n<host></host><h']);
  slot.clear();
  expect([slot.bytes.length, slot.lastEnd, slot.isFull]).toEqual([0, 0, false]);
});

test('threads make nearly all of a scan, and the same of it', async () => {
  const text = scan(HOSTS.slice(0, 20).join('') + PROGRESS + HINT + HOSTS.slice(20).join(PROGRESS) + '<target specification="x" status="skipped"/>');
  expect(await expectSame(Buffer.from(text), 100)).toBeGreaterThan(40);
});

const CASES: Readonly<Record<string, string>> = {
  'a host that cannot be read': scan(HOSTS.join('').replace('addr="192.0.2.30"', 'addr="192.0.2.30')),
  'a host without an end': scan(HOSTS.join('').replace('</host>\n<host', '<host')),
  'the end of a host in a comment': scan(HOSTS.join('').replaceAll('addr="192.0.2.3', '><!-- </host> --><x addr="192.0.2.3')),
  'a comment over many hosts': scan(HOSTS.join('').replace('192.0.2.10"', '192.0.2.10"/><!-- "').replace('192.0.2.40"', '192.0.2.40"--><x')),
  'a comment between hosts': scan(HOSTS.join('<!-- </host> <host> -->\n')),
  'several runs in one stream': Array.from({ length: 8 }, (_, i) => scan(HOSTS.slice(i * 6).join(''), `scanner="nmap" start="176000000${i}"`)).join(
    '',
  ),
  'the same run twice': scan(HOSTS.join('')).repeat(2),
  'statistics in the middle': scan(HOSTS.slice(0, 30).join('') + FOOTER + HOSTS.slice(30).join('')),
  'cut in a host': scan(HOSTS.join('')).slice(0, -600),
  'no end of the run': scan(HOSTS.join('')).replace('</nmaprun>', ''),
  'no run at all': HOSTS.join(''),
  'no scan': '{"hosts": []}'.repeat(2000),
  'characters of several bytes': scan(HOSTS.join('').replaceAll('"http"', '"\u{1F512}ß"')),
  'another encoding': scan(HOSTS.join('').replaceAll('"http"', '"\u00DF"')).replace('?>', ' encoding="ISO-8859-1"?>'),
  'a declaration in mid-file': scan(HOSTS.join('<?xml version="1.0"?>')),
  'the words of Zenmap and of scripts': scan(
    `${HOSTS.join('')}<postscript><script id="a" output="b"/></postscript><output type="interactive">&lt;/host></output>`,
  ),
  'hosts again, near and far': scan(HOSTS.join('') + HOSTS[3]! + HOSTS[3]! + HOSTS.join('')),
  'masscan': scan(HOSTS.join('').repeat(2), 'scanner="masscan" version="1.0" start="1760000000"'),
  'one huge host': scan(host('192.0.2.1', Array.from({ length: 100 }, (_, i) => port(i + 1)).join('')) + HOSTS.join('')),
};

test.each(Object.entries(CASES))('%s: the same as without threads', async (name, text) => {
  const bytes = Buffer.from(text, name === 'another encoding' ? 'latin1' : 'utf8');
  for (const chunk of [1, 150, 1000, 100_000]) await expectSame(bytes, chunk);
});

test('whatever is done to a scan: the same as without threads', async () => {
  const whole = Buffer.concat([fixture('everything.xml'), Buffer.from(scan(HOSTS.join(HINT)))]);
  const noise = fc.constantFrom(
    '',
    '<',
    '>',
    '"',
    '</host>',
    '<host>',
    '<host ',
    '<nmaprun>',
    '</nmaprun>',
    '<!--',
    '-->',
    '<runstats/>',
    '\u00FF',
    '&',
    '<?xml ?>',
  );
  const edit = fc.record({ at: fc.nat(), cut: fc.nat(60), insert: noise });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 5 }), fc.integer({ min: 1, max: 900 }), async (edits, chunk) => {
      let bytes: Buffer = whole;
      for (const { at, cut, insert } of edits) {
        const position = at % bytes.length;
        bytes = Buffer.concat([bytes.subarray(0, position), Buffer.from(insert, 'latin1'), bytes.subarray(position + cut)]);
      }
      await expectSame(bytes, chunk);
    }),
    { numRuns: runs(200) },
  );
});

test.each(corpusFiles().map(([name]) => name))('%s: the same as without threads', async (name) => {
  await expectSame(corpusFile(name), 4096);
});

test('threads that end in mid-scan cost nothing: what they had is read again', async () => {
  const bytes = Buffer.from(scan(Array.from({ length: 40 }, () => HOSTS.join('')).join('')));
  const pool = new Pool(TERMS, 2);
  await vi.waitUntil(() => pool.isReady, PATIENCE_MS);
  let given = 0;
  const dying: Renderers = {
    get isReady() {
      return pool.isReady;
    },
    render(piece) {
      const rendered = pool.render(piece);
      if (++given === 12) void pool.close();
      return rendered;
    },
  };
  const { lines, openPorts, rendered } = await inPieces(bytes, dying, 1000, { piece: 20_000, lines: 50_000 }, 2000);
  expect({ lines: lines.map(undated), openPorts }).toEqual({ lines: alone(bytes).lines.map(undated), openPorts: alone(bytes).openPorts });
  expect(rendered).toBeGreaterThan(0);
  expect(rendered).toBeLessThan(given);
});

/** Threads have a clock of their own. */
function undated(line: string): string {
  return line.replace(/"created":"[^"]*"/, '');
}
