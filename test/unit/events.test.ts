import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DATASETS } from '../../src/event/event.ts';
import { FIELDS } from '../../src/event/fields.ts';
import { otelRecord, otlpLine } from '../../src/event/otel.ts';
import { gunzipped } from '../../src/source/gunzip.ts';
import { ecs, eventsOf, fixture, FOOTER, host, port, scan } from '../support/scans.ts';
import { expectValidEvent, officialEcs, OUR_ECS_FIELDS } from '../support/validate.ts';

const EVERYTHING = fixture('everything.xml');
const EXAMPLE = fixture('../../examples/loopback.xml');

function lines(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('golden pairs', () => {
  test.for(['everything', 'masscan'])('%s.xml', async (name) => {
    const events = eventsOf(fixture(`${name}.xml`), { all: true }).map(ecs);
    await expect(`${events.map((event) => JSON.stringify(event)).join('\n')}\n`).toMatchFileSnapshot(`../fixtures/${name}.expected.ndjson`);
  });

  test('everything.xml as OpenTelemetry', async () => {
    const text = `${eventsOf(EVERYTHING, { all: true }).map(otlpLine).join('\n')}\n`;
    await expect(text).toMatchFileSnapshot('../fixtures/everything.expected.otlp.ndjson');
    expect(lines(text)).toHaveLength(12);
  });
});

describe('the vocabulary', () => {
  test('every event is valid', () => {
    for (const scanText of [EVERYTHING, EXAMPLE, fixture('masscan.xml')])
      for (const event of eventsOf(scanText, { all: true, tags: ['a'], labels: { team: 'net' }, scannerHost: 'scan1' })) expectValidEvent(event);
  });

  test.for(OUR_ECS_FIELDS.map((field) => [field.name, field] as const))('%s is a field of ECS with that type', ([name, field]) => {
    const official = officialEcs()[name];
    const typed: Readonly<Record<string, readonly string[]>> = {
      keyword: ['keyword', 'constant_keyword', 'wildcard'],
      long_keyword: ['keyword'],
      text: ['match_only_text', 'text'],
      labels: ['object'],
    };
    expect(official, `${name} is not in ECS`).toBeDefined();
    expect(typed[field.type] ?? [field.type]).toContain(official?.type);
    expect(field.many).toBe(official?.normalize.includes('array') ?? false);
  });

  test('every field is explained, and has an example that the schema takes', () => {
    for (const { name, type, about, example, many } of FIELDS) {
      expect(about, name).not.toBe('');
      if (type === 'object') continue;
      expect(example, name).toBeDefined();
      expect(Array.isArray(example), name).toBe(many);
      const sample: unknown = Array.isArray(example) ? example[0] : example;
      const wanted =
        type === 'long' || type === 'float'
          ? 'number'
          : type === 'boolean'
            ? 'boolean'
            : type === 'flattened' || type === 'labels'
              ? 'object'
              : 'string';
      expect(typeof sample, name).toBe(wanted);
      if (type === 'date') expect(new Date(sample as string).toISOString(), name).toBe(sample);
    }
  });

  test('our own fields are under nmap. and none is declared twice', () => {
    const names = FIELDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(DATASETS.every((dataset) => dataset.startsWith('nmap.'))).toBe(true);
  });

  test('OpenTelemetry attributes are conventions or ours', async () => {
    const conventions = new Set<unknown>(
      Object.values(await import('@opentelemetry/semantic-conventions/incubating')).filter((value) => typeof value === 'string'),
    );
    const attributes = eventsOf(EVERYTHING, { all: true }).flatMap((event) => Object.keys(otelRecord(event).attributes));
    const foreign = [...new Set(attributes)].filter(
      (name) => !name.startsWith('nmap.') && !name.startsWith('data_stream.') && !conventions.has(name),
    );
    expect(foreign).toEqual([]);
    expect(attributes.filter((name) => name.startsWith('host.'))).toEqual([]);
  });
});

describe('what an event says', () => {
  const ports = (text: string): any[] =>
    eventsOf(text)
      .filter(({ dataset }) => dataset === 'nmap.port')
      .map(ecs);

  test('a port, as a person reads it', () => {
    const service = '<service name="http" product="nginx" version="1.18.0" tunnel="ssl" method="probed" conf="10"/>';
    const [event] = ports(scan(host('192.0.2.7', port(443, 'open', service))));
    expect(event.message).toBe('192.0.2.7 443/tcp open https nginx 1.18.0');
    expect(event).toMatchObject({
      server: { ip: '192.0.2.7', port: 443 },
      service: { type: 'https', version: '1.18.0' },
      network: { transport: 'tcp', type: 'ipv4', protocol: 'http' },
    });
  });

  test('states exactly as nmap says, and quiet ones only with --all', () => {
    const states = ['open', 'closed', 'filtered', 'unfiltered', 'open|filtered', 'closed|filtered'];
    const text = scan(host('192.0.2.7', states.map((state, i) => port(i + 1, state)).join('')));
    const shown = (all: boolean): string[] =>
      eventsOf(text, { all })
        .filter(({ dataset }) => dataset === 'nmap.port')
        .map((event) => ecs(event).nmap.port.state);
    expect(shown(true)).toEqual(states);
    expect(shown(false)).toEqual(['open', 'unfiltered', 'open|filtered', 'closed|filtered']);
    expect(ecs(eventsOf(text)[0]!).nmap.host.ports).toEqual({
      open: 1,
      closed: 1,
      filtered: 1,
      unfiltered: 1,
      open_filtered: 1,
      closed_filtered: 1,
      other: 0,
    });
  });

  test('a host that is down is counted, and sent only with --all', () => {
    const down = '<host><status state="down" reason="no-response" reason_ttl="0"/><address addr="192.0.2.8" addrtype="ipv4"/></host>';
    const datasets = (all: boolean): string[] => eventsOf(scan(host('192.0.2.7') + down), { all }).map(({ dataset }) => dataset);
    expect(datasets(false)).toEqual(['nmap.host', 'nmap.scan']);
    expect(datasets(true)).toEqual(['nmap.host', 'nmap.host', 'nmap.scan']);
  });

  test('the time is when nmap saw it: end of the host, else its start, else the run', () => {
    const times = (attributes: string): number[] => eventsOf(scan(host('192.0.2.7', '', attributes))).map(({ time }) => time / 1000);
    expect(times('starttime="1760000001" endtime="1760000002"')).toEqual([1760000002, 1760000060]);
    expect(times('starttime="1760000001"')).toEqual([1760000001, 1760000060]);
    expect(times('')).toEqual([1760000000, 1760000060]);
    expect(times('starttime="999999999999999"')).toEqual([1760000000, 1760000060]);
  });

  test('secrets in the arguments are masked', () => {
    const args =
      'nmap --script-args smbuser=bob,smbpassword=hunter2,snmpcommunity=private,creds.global={a:b} --proxies http://u:pw@proxy:80 192.0.2.7';
    const text = scan('', `scanner="nmap" version="7.93" args="${args}" start="1760000000"`);
    expect(ecs(eventsOf(text)[0]!).nmap.scan.args).toBe(
      'nmap --script-args smbuser=bob,smbpassword=***,snmpcommunity=***,creds.global=*** --proxies http://***@proxy:80 192.0.2.7',
    );
    expect(JSON.stringify(eventsOf(text))).not.toMatch(/hunter2|private|pw@/);
  });

  test('no message carries a control character, whatever the scan says', () => {
    const service = '<service name="x&#x1b;]0;owned&#7;" product="&#x202e;evil&#10;" method="probed" conf="10"/>';
    const [event] = ports(scan(host('192.0.2.7', port(1, 'open', service))));
    expect(event.message).toBe('192.0.2.7 1/tcp open x\\x1B]0;owned\\x07 \\u202Eevil\\x0A');
  });

  test('hostile names stay data: keys, ids and numbers', () => {
    const script =
      '<hostscript><script id="__proto__" output="a"><elem key="__proto__">b</elem><elem key="">c</elem><elem key="x&#0;y">d</elem></script></hostscript>';
    const text = scan(host('192.0.2.7', `${script}<ports><port protocol="tcp" portid="1e3"><state state="open"/></port></ports>`));
    for (const event of eventsOf(text)) expectValidEvent(event);
    const [hostEvent, portEvent] = eventsOf(text).map(ecs);
    expect(hostEvent.nmap.script.data).toEqual({ ___proto__: { '___proto__': 'b', '1': 'c', 'x\uFFFDy': 'd' } });
    expect(portEvent).toMatchObject({ server: { address: '192.0.2.7' }, nmap: { port: { id: '1e3' } } });
    expect(hostEvent.nmap.malformed).toEqual(['port@portid=1e3']);
  });

  test('a state named like a member of Object is counted as other', () => {
    const [event] = eventsOf(scan(host('192.0.2.7', port(1, '__proto__') + port(2, 'constructor'))));
    expect(ecs(event!).nmap.host.ports).toMatchObject({ open: 0, other: 2 });
  });

  test('malformed numbers of a refused host are not attributed to the next one', () => {
    const [event] = eventsOf(scan(host('192.0.2.7', '<distance value="far"/><broken') + host('192.0.2.8')));
    expect(ecs(event!)).toMatchObject({ host: { ip: ['192.0.2.8'] } });
    expect(ecs(event!).nmap.malformed).toBeUndefined();
  });

  test('script values stay below what stores take, and the text keeps all', () => {
    const long = '€'.repeat(20_000);
    const text = scan(host('192.0.2.7', `<hostscript><script id="big" output="${long}"><elem key="all">${long}</elem></script></hostscript>`));
    const { script } = ecs(eventsOf(text)[0]!).nmap;
    expect(Buffer.byteLength(script.data.big.all)).toBeLessThanOrEqual(8192);
    expect(script).toMatchObject({ truncated: true, text: `big: ${long}` });
  });

  test('what a script prints is there once', () => {
    const [event] = eventsOf(scan(host('192.0.2.7', '<hostscript><script id="x" output="so it is said"/></hostscript>')));
    expect(JSON.stringify(ecs(event!)).split('so it is said')).toHaveLength(2);
  });

  test('a sensor and the host where portlog runs are named, and no id depends on them', () => {
    const plain = eventsOf(EVERYTHING);
    const named = (options: object): unknown[] => {
      const events = eventsOf(EVERYTHING, options);
      for (const event of events) expectValidEvent(event);
      // Of a scan that portlog runs, its start is told, too.
      expect(events.filter(({ action }) => action !== 'scan-started').map(({ id, ackGroup }) => [id, ackGroup])).toEqual(
        plain.map(({ id, ackGroup }) => [id, ackGroup]),
      );
      const { agent, observer } = ecs(events[0]!);
      return [agent.name, observer.name, otelRecord(events[0]!).resource['service.instance.id']];
    };
    expect(named({})).toEqual(['portlog', undefined, undefined]);
    expect(named({ agentHost: 'siem1' })).toEqual(['siem1', undefined, 'siem1']);
    expect(named({ agentHost: 'siem1', scannerHost: 'scan1' })).toEqual(['siem1', 'scan1', 'siem1']);
    expect(named({ agentHost: 'siem1', scannerHost: 'scan1', sensor: 'branch-3' })).toEqual(['branch-3', 'branch-3', 'branch-3']);
  });

  test('a host without a name is called by its address, and is not known by it', () => {
    const [event] = eventsOf(scan(host('192.0.2.7')));
    expect(ecs(event!)).toMatchObject({ host: { name: '192.0.2.7' }, related: { ip: ['192.0.2.7'] }, message: '192.0.2.7 up' });
    expect(ecs(event!).related.hosts).toBeUndefined();
    const [mac] = eventsOf(scan('<host><status state="up"/><address addr="52:54:00:ab:cd:ef" addrtype="mac"/></host>'));
    expect(ecs(mac!).host.name).toBe('52-54-00-AB-CD-EF');
  });

  test('IPv6, MAC and names', () => {
    const addresses = '<address addr="2001:DB8:0:0::7" addrtype="ipv6"/><address addr="52:54:00:ab:cd:ef" addrtype="mac"/>';
    const text = scan(
      `<host><status state="up"/>${addresses}<hostnames><hostname name="A.example" type="user"/><hostname name="b.example" type="PTR"/></hostnames></host>`,
    );
    expect(ecs(eventsOf(text)[0]!)).toMatchObject({
      host: { ip: ['2001:db8::7'], mac: ['52-54-00-AB-CD-EF'], name: 'a.example', hostname: 'b.example' },
      related: { ip: ['2001:db8::7'], hosts: ['a.example', 'b.example'] },
      network: { type: 'ipv6' },
    });
  });

  test('an IP protocol scan has protocols, not ports', () => {
    const text = scan(host('192.0.2.7', '<ports><port protocol="ip" portid="47"><state state="open"/></port></ports>'));
    const [event] = ports(text);
    expect(event).toMatchObject({ network: { transport: 'ip', iana_number: '47' }, nmap: { port: { id: '47' } } });
    expect(event.server.port).toBeUndefined();
  });
});

describe('identity', () => {
  const ids = (text: string | Uint8Array, chunk?: number): string[] => eventsOf(text, {}, chunk).map(({ id }) => id);

  test('events are the same in any pieces', () => {
    const whole = eventsOf(EVERYTHING, { all: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4000 }), (chunk) => {
        expect(eventsOf(EVERYTHING, { all: true }, chunk)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  test('and compressed', async () => {
    const chunks: Uint8Array[] = [];
    async function* compressed(): AsyncGenerator<Uint8Array> {
      for (const byte of gzipSync(EXAMPLE)) yield Uint8Array.of(byte);
    }
    for await (const chunk of gunzipped(compressed())) chunks.push(Buffer.from(chunk));
    expect(eventsOf(Buffer.concat(chunks))).toEqual(eventsOf(EXAMPLE));
  });

  test('two <host> of one address with other content never swallow each other', () => {
    const events = ids(scan(host('192.0.2.7', port(80)) + host('192.0.2.7', `<hostnames><hostname name="b"/></hostnames>${port(80)}`)));
    expect(new Set(events).size).toBe(5);
  });

  test('an identical <host> collapses', () => {
    const events = ids(scan(host('192.0.2.7', port(80)).repeat(2)));
    expect([events.length, new Set(events).size]).toEqual([3, 3]);
  });

  test('the same port of the same host at another time is another statement', () => {
    const one = ids(scan(host('192.0.2.7', port(80), 'endtime="1760000005"') + host('192.0.2.7', port(80), 'endtime="1760000006"')));
    expect(new Set(one).size).toBe(5);
  });

  test('two runs with the same header and different ends are two', () => {
    const first = scan(host('192.0.2.7'));
    const second = scan(host('192.0.2.8')).replace(FOOTER, FOOTER.replace('60.00', '61.00'));
    expect(new Set(ids(first + second)).size).toBe(4);
    expect(new Set(eventsOf(first + second).map((event) => ecs(event).nmap.scan.id)).size).toBe(1);
  });

  test('masscan: a repeated port with other content is another event, and hosts are not observed', () => {
    const events = eventsOf(fixture('masscan.xml'));
    expect(events.filter(({ dataset }) => dataset === 'nmap.host')).toEqual([]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  test('an entity is the same in another scan, and another at another site', () => {
    const entity = (text: string, site: string): string[] => eventsOf(text, { site }).map((event) => ecs(event).nmap.entity.id);
    const later = scan(host('192.0.2.7', port(80))).replace('start="1760000000"', 'start="1760009999"');
    const [hostId, portId] = entity(scan(host('192.0.2.7', port(80))), 'a');
    expect(entity(later, 'a').slice(0, 2)).toEqual([hostId, portId]);
    expect(portId).toBe(`${hostId}.tcp.80`);
    expect(entity(later, 'b')[0]).not.toBe(hostId);
  });
});
