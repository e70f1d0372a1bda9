import type { Host, Port, Run, Script, ScriptItem, Service } from '../../src/nmap/model.ts';
import type { ScanItem } from '../../src/nmap/item.ts';
import { ends, hosts } from './scans.ts';

/** The facts that the corpus was counted by, from what portlog read: one run per file. */
export function factsOf(items: readonly ScanItem[]): Record<string, unknown> {
  const all = hosts(items);
  const ports = all.flatMap(({ ports }) => [...ports]);
  const run = items.find((item) => item.kind === 'run')?.run as Run;
  const { finished, hosts: counted } = ends(items)[0]?.stats ?? {};
  return {
    scanner: run.scanner ?? null,
    version: run.version ?? null,
    xmloutputversion: run.xmloutputversion ?? null,
    args: run.args ?? null,
    start: run.start ?? null,
    scaninfo: run.scaninfo.map(({ type, protocol, numservices }) => ({
      type: type ?? null,
      protocol: protocol ?? null,
      numservices: numservices ?? null,
    })),
    finished:
      finished === undefined
        ? null
        : { time: finished.time ?? null, elapsed: finished.elapsed ?? null, exit: finished.exit ?? null, errormsg: finished.errormsg ?? null },
    runstats_hosts: counted === undefined ? null : { up: counted.up ?? null, down: counted.down ?? null, total: counted.total ?? null },
    hosts: {
      total: all.length,
      up: all.filter(({ status }) => status?.state === 'up').length,
      down: all.filter(({ status }) => status?.state === 'down').length,
      by_status: tally(all.map(({ status }) => status?.state)),
      with_ports: all.filter(({ ports }) => [...ports].length > 0).length,
      max_ports_on_one_host: Math.max(0, ...all.map(({ ports }) => [...ports].length)),
      timedout: all.filter(({ timedout }) => timedout === true).length,
      unique_ip: new Set(all.flatMap(({ addresses }) => addresses.filter(({ addrtype }) => addrtype !== 'mac').map(({ addr }) => addr))).size,
    },
    hosthints: items.filter(({ kind }) => kind === 'hosthint').length,
    targets_skipped: items.filter(({ kind }) => kind === 'target').length,
    addresses: tally(all.flatMap(({ addresses }) => addresses.map(({ addrtype }) => addrtype))),
    mac_vendors: all.flatMap(({ addresses }) => addresses).filter(({ vendor }) => vendor !== undefined && vendor !== '').length,
    hostnames: tally(all.flatMap(({ hostnames }) => hostnames.map(({ type }) => type))),
    ports: portFacts(ports),
    extraports: extraFacts(all),
    services: serviceFacts(ports),
    scripts: scriptFacts(items, all, ports),
    cve: { unique: cves(items, all, ports) },
    cpe: cpeFacts(all, ports),
    os: osFacts(all),
    trace: { traces: sum(all, ({ traces }) => traces.length), hops: sum(all, ({ traces }) => sum(traces, ({ hops }) => hops.length)) },
    tasks: Object.fromEntries(
      ['taskbegin', 'taskprogress', 'taskend'].map((kind) => [kind, items.filter((item) => item.kind === 'task' && item.task.kind === kind).length]),
    ),
  };
}

/** The same facts in the expectation, with numbers as numbers. `elements` counts tags, of which the model keeps the content only. */
export function comparable(expected: Record<string, any>): Record<string, unknown> {
  const number = (value: string | null): number | null => (value === null ? null : Number(value));
  const { elements: _elements, size: _size, sha256: _sha, wellformed: _wellformed, ...facts } = expected;
  return {
    ...facts,
    scaninfo: facts['scaninfo'].map((info: any) => ({ ...info, numservices: number(info.numservices) })),
    finished: facts['finished'] && { ...facts['finished'], time: number(facts['finished'].time), elapsed: number(facts['finished'].elapsed) },
  };
}

function portFacts(ports: readonly Port[]): object {
  return {
    total: ports.length,
    by_state: tally(ports.map(({ state }) => state?.state)),
    by_protocol: tally(ports.map(({ protocol }) => protocol)),
    by_protocol_state: tally(ports.map(({ protocol, state }) => `${protocol ?? 'None'}/${state?.state ?? 'None'}`)),
    by_reason: tally(ports.filter(({ state }) => state !== undefined).map(({ state }) => state?.reason)),
  };
}

function extraFacts(all: readonly Host[]): object {
  const extras = all.flatMap(({ extraports }) => extraports);
  const counts: Record<string, number> = {};
  for (const { state, count } of extras) counts[state as string] = (counts[state as string] ?? 0) + (count ?? 0);
  return { elements_by_state: tally(extras.map(({ state }) => state)), ports_by_state: sorted(counts) };
}

function serviceFacts(ports: readonly Port[]): object {
  const services = ports.flatMap(({ service }) => (service === undefined ? [] : [asWritten(service)]));
  const has = (value: string | undefined): boolean => value !== undefined && value !== '';
  return {
    total: services.length,
    by_method: tally(services.map(({ method }) => method)),
    tunnel_ssl: services.filter(({ tunnel }) => tunnel === 'ssl').length,
    with_product: services.filter(({ product }) => has(product)).length,
    with_version: services.filter(({ version }) => has(version)).length,
    with_servicefp: services.filter(({ servicefp }) => has(servicefp)).length,
    without_name: services.filter(({ name }) => !has(name)).length,
  };
}

/** masscan's banners are read as the service that they tell of; the facts count what the file says. */
function asWritten(service: Service): Service {
  return service.bannerType === undefined
    ? service
    : { ...service, name: service.bannerType, tunnel: undefined, product: undefined, version: undefined };
}

function scriptFacts(items: readonly ScanItem[], all: readonly Host[], ports: readonly Port[]): object {
  const places = scriptsOf(items, all, ports);
  const scripts = Object.values(places).flat();
  return {
    total: scripts.length,
    port: places.port.length,
    host: places.host.length,
    pre: places.pre.length,
    post: places.post.length,
    unique_ids: new Set(scripts.map(({ id }) => id)).size,
    elem: sum(scripts, (script) => countItems(script.items, 'elem')),
    table: sum(scripts, (script) => countItems(script.items, 'table')),
    max_table_depth: Math.max(0, ...scripts.map(({ items }) => depth(items))),
    longest_output_chars: Math.max(0, ...scripts.map(({ output }) => [...(output ?? '')].length)),
  };
}

function scriptsOf(items: readonly ScanItem[], all: readonly Host[], ports: readonly Port[]): Record<'port' | 'host' | 'pre' | 'post', Script[]> {
  return {
    port: ports.flatMap(({ scripts }) => scripts),
    host: all.flatMap(({ hostscripts }) => hostscripts),
    pre: items.flatMap((item) => (item.kind === 'prescript' ? item.scripts : [])),
    post: items.flatMap((item) => (item.kind === 'postscript' ? item.scripts : [])),
  };
}

function cves(items: readonly ScanItem[], all: readonly Host[], ports: readonly Port[]): number {
  const texts = Object.values(scriptsOf(items, all, ports))
    .flat()
    .flatMap(({ output, items: parts }) => [output ?? '', ...textsOf(parts)]);
  return new Set(texts.flatMap((text) => text.match(/CVE-\d{4}-\d{4,7}/g) ?? [])).size;
}

function cpeFacts(all: readonly Host[], ports: readonly Port[]): object {
  const service = ports.flatMap(({ service }) => service?.cpes ?? []);
  const os = all.flatMap(({ os }) => [...(os?.matches.flatMap(({ classes }) => classes) ?? []), ...(os?.classes ?? [])].flatMap(({ cpes }) => cpes));
  return { total: service.length + os.length, service: service.length, os: os.length, unique: new Set([...service, ...os]).size };
}

function osFacts(all: readonly Host[]): object {
  const systems = all.flatMap(({ os }) => (os === undefined ? [] : [os]));
  const direct = sum(systems, ({ classes }) => classes.length);
  return {
    hosts_with_os: systems.length,
    osmatch: sum(systems, ({ matches }) => matches.length),
    osclass: direct + sum(systems, ({ matches }) => sum(matches, ({ classes }) => classes.length)),
    osclass_direct_child_of_os: direct,
    portused: sum(systems, ({ portused }) => portused.length),
    osfingerprint: sum(systems, ({ fingerprints }) => fingerprints.length),
  };
}

function countItems(items: readonly ScriptItem[], kind: 'elem' | 'table'): number {
  return sum(items, (item) => ('value' in item ? Number(kind === 'elem') : Number(kind === 'table') + countItems(item.items, kind)));
}

function depth(items: readonly ScriptItem[]): number {
  return Math.max(0, ...items.map((item) => ('items' in item ? 1 + depth(item.items) : 0)));
}

function textsOf(items: readonly ScriptItem[]): string[] {
  return items.flatMap((item) => ('value' in item ? [item.value] : [item.key ?? '', ...textsOf(item.items)]));
}

function tally(values: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value ?? '(absent)'] = (counts[value ?? '(absent)'] ?? 0) + 1;
  return sorted(counts);
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}
