import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERRORS, EXIT } from '../../src/core/errors.ts';
import { STEPS } from '../../tools/check/steps.ts';
import { generated } from '../../tools/generate/generated.ts';
import { commandsIn, page, pages } from '../support/docs.ts';
import { FakeGrafana } from '../support/fake-grafana.ts';
import { FakeKibana } from '../support/fake-kibana.ts';
import { FakeWazuh } from '../support/fake-wazuh.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { answer, bulkAnswer, type Script, scriptedServer, setUpRight } from '../support/scripted-server.ts';
import { scriptedStream } from '../support/scripted-stream.ts';

const run = promisify(execFile);

/** Lines that a page shows as what its commands answer, for the scan of the examples. What others show is of scans that are told of, and not there. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    'portlog: scan.xml: 1 run, 3 hosts listed, 5 open ports, 4 findings; changed: 1 new finding (127.0.0.2 2323/tcp); the rest, seen for the first time, is the baseline',
    'portlog: elasticsearch https://es:9200: read 15 = delivered 15 + already 0 + dead 0',
  ],
  'docs/how-to/inventory.md': ['SITE       HOST                             PORT       STATE          SINCE            LAST SEEN        SERVICE'],
};

describe('every command', () => {
  let server: Awaited<ReturnType<typeof scriptedServer>>;
  let opensearch: Awaited<ReturnType<typeof scriptedServer>>;
  let folder: string;
  let loghost: Awaited<ReturnType<typeof scriptedStream>>;
  const [kibana, grafana, wazuh] = [new FakeKibana(), new FakeGrafana('secret'), new FakeWazuh()];
  const osd = new FakeKibana('osd-xsrf');
  let urls: Readonly<Record<string, string>>;
  let setUp: Promise<unknown> | undefined;

  beforeAll(async () => {
    urls = { 'https://kibana:5601': await kibana.start(), 'https://grafana:3000': await grafana.start(), 'https://wazuh:55000': await wazuh.start() };
    osd.version = '2.19.5';
    const osdUrl = await osd.start();
    urls = { ...urls, 'https://osd:5601': osdUrl, 'https://wazuh-dashboard': osdUrl };
    loghost = await scriptedStream((socket, read) => void read.then(() => socket.end()));
    server = await scriptedServer(stores({ version: { number: '9.4.3' } }, 'Elasticsearch'));
    opensearch = await scriptedServer(stores({ version: { number: '3.8.0', distribution: 'opensearch' } }, ''));
    folder = workplace();
  });

  /** Everything that the pages ship to; `about`: what it says about itself. */
  function stores(about: object, product: string): Script {
    const stored = new Map<string, unknown>();
    return (seen, response) => {
      const { method, path, body } = seen;
      if (setUpRight(seen, response)) return;
      if (path === '/') answer(response, 200, about, { 'x-elastic-product': product });
      else if (path === '/nmap') answer(response, 200, {});
      else if (path === '/api/v2/status') answer(response, 200, { versionInfo: { version: '0.25.0' } });
      else if (path === '/api/v2/alerts') response.writeHead(200).end();
      else if (path.startsWith('/services/')) response.writeHead(200).end('ok');
      else if (path.endsWith('/v1/logs')) answer(response, 200, { partialSuccess: {} });
      else if (path === '/loki/api/v1/push')
        response.writeHead(body === '{"streams":[]}' ? 422 : 204).end(body === '{"streams":[]}' ? 'at least one valid stream is required' : '');
      else if (path.startsWith('/loki/api/v1/rules'))
        answer(response, method === 'GET' ? 404 : 202, method === 'GET' ? 'group does not exist' : { status: 'success' });
      else if (path.startsWith('/_plugins'))
        answer(
          response,
          method === 'PUT' ? 201 : path.includes('_ism') ? 404 : 400,
          method === 'PUT' ? { _id: 'portlog', _seq_no: 0, _primary_term: 1 } : { error: 'no handler found' },
        );
      else if (path.startsWith('/_bulk')) answer(response, 200, bulkAnswer(body));
      else if (path === '/_security/api_key') answer(response, 200, { encoded: 'aWQ6a2V5' });
      else if (method === 'PUT') {
        stored.set(path, JSON.parse(body));
        answer(response, 200, { acknowledged: true });
      } else if (stored.has(path)) answer(response, 200, storedAs(path, stored.get(path)));
      else answer(response, 404, {});
    };
  }
  afterAll(() => Promise.all([server.stop(), opensearch.stop(), kibana.stop(), grafana.stop(), wazuh.stop(), osd.stop(), loghost.stop()]));

  const shell = (script: string): Promise<{ readonly stdout: string; readonly stderr: string }> => {
    const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, HOME: folder };
    return run('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env, maxBuffer: 1 << 26 });
  };

  const commandPages = [
    'README.md',
    'docs/how-to/elasticsearch.md',
    'docs/how-to/loki.md',
    'docs/how-to/http.md',
    'docs/how-to/opensearch.md',
    'docs/how-to/syslog.md',
    'docs/how-to/wazuh.md',
    'docs/how-to/opentelemetry.md',
    'docs/how-to/kafka.md',
    'docs/how-to/elastic.md',
    'docs/how-to/grafana-loki.md',
    'docs/how-to/outage.md',
    'docs/how-to/diff.md',
    'docs/how-to/changes.md',
    'docs/how-to/inventory.md',
    'docs/how-to/report.md',
    'docs/how-to/intel.md',
    'docs/how-to/exposure.md',
    'docs/how-to/scan.md',
    'docs/how-to/unattended.md',
    'docs/how-to/metrics.md',
    'docs/how-to/alertmanager.md',
    'docs/how-to/narrow.md',
    'docs/how-to/respond.md',
    'docs/how-to/chat.md',
    'docs/how-to/pipe.md',
  ];
  test.for(commandPages)('of %s runs', async (path) => {
    const commands = commandsIn(path).filter((command) => !command.startsWith('npm ci'));
    expect(commands.length).toBeGreaterThan(0);
    const here = (text: string): string =>
      text
        .replaceAll(/https:\/\/(?:kibana:5601|grafana:3000|wazuh:55000|osd:5601|wazuh-dashboard)/g, (url) => urls[url] ?? url)
        .replaceAll('https://es:9200', server.url.origin)
        .replaceAll('https://os:9200', opensearch.url.origin)
        .replaceAll('http://collector:4318', server.url.origin)
        .replaceAll('http://vector:8080', server.url.origin)
        .replaceAll('http://alertmanager:9093', server.url.origin)
        .replaceAll('https://hooks.slack.com', server.url.origin)
        .replaceAll('/usr/local/bin/', `${folder}/bin/`)
        .replaceAll(/(?:tcp|tls):\/\/loghost:\d+/g, `tcp://127.0.0.1:${loghost.port}`)
        .replaceAll('http://loki:3100', server.url.origin)
        .replaceAll('/var/log/portlog/', `${folder}/log/`)
        .replaceAll('/etc/ssl/es-ca.pem', join(folder, 'ca.pem'))
        .replaceAll('/var/scans/', `${folder}/`)
        .replaceAll('=…', '=secret');
    for (const [, name = '', config = ''] of page(path).matchAll(/^`(\w+\.yaml)`[^\n]*:\n\n```yaml\n([^]*?)^```/gm))
      writeFileSync(join(folder, name), here(config));
    // The README sets it up itself; the other pages say that it is.
    if (path !== 'README.md') await (setUp ??= shell(here('portlog setup elasticsearch --url https://es:9200')));
    const { stdout, stderr } = await shell(here(commands.join('\n')));
    expect(stderr).not.toContain('bug in portlog');
    // README pipes the scan in before it names the file, so that is where it is seen for the first time.
    const said = (stdout + stderr).replaceAll(server.url.origin, 'https://es:9200').replaceAll('standard input:', 'scan.xml:').split('\n');
    for (const line of SHOWN[path] ?? []) {
      expect(page(path).split('\n')).toContain(line);
      expect(said).toContain(line);
    }
  });

  test('no page has commands that no test runs', () => {
    const others = pages().filter((path) => commandsIn(path).length > 0 && !commandPages.includes(path));
    // CONTRIBUTING's are what .ci/run runs.
    expect(others).toEqual(['CONTRIBUTING.md']);
    const ci = readFileSync(join(ROOT, '.ci/run'), 'utf8');
    for (const command of commandsIn('CONTRIBUTING.md')) {
      const script = command.split('#', 1)[0]?.trim() ?? '';
      if (!/generate|bench|check|format/.test(script)) expect(ci).toContain(script);
    }
    // And what `npm run check` does, but for what a test compares.
    for (const [, ...command] of STEPS) if (command[0] === 'npm') expect(ci).toContain(command.join(' '));
  });
});

/** As each of Elasticsearch's APIs gives back what was put there. */
function storedAs(path: string, content: unknown): object {
  const [, api = '', name = ''] = path.split('/');
  if (api === '_component_template') return { component_templates: [{ name, component_template: content }] };
  if (api === '_index_template') return { index_templates: [{ name, index_template: content }] };
  return { [path.split('/').at(-1) ?? '']: content };
}

/** A folder with a scan, and stand-ins for the programs that the pages use. */
function workplace(): string {
  const folder = freshDir();
  const example = readFileSync(join(ROOT, 'examples/loopback.xml'));
  writeFileSync(join(folder, 'scan.xml'), example);
  writeFileSync(join(folder, 'scan.xml.gz'), gzipSync(example));
  mkdirSync(join(folder, 'examples'));
  for (const name of ['before.xml', 'after.xml']) copyFileSync(join(ROOT, 'examples', name), join(folder, 'examples', name));
  for (const day of ['monday', 'tuesday']) writeFileSync(join(folder, `${day}.xml`), example);
  writeFileSync(join(folder, 'monday.xml.gz'), gzipSync(example));
  copyFileSync(join(ROOT, 'test/fixtures/ca.pem'), join(folder, 'ca.pem'));
  mkdirSync(join(folder, 'intel'));
  writeFileSync(join(folder, 'intel', 'known_exploited_vulnerabilities.json'), JSON.stringify({ dateReleased: '2026-01-30', vulnerabilities: [] }));
  mkdirSync(join(folder, 'bin'));
  const programs = {
    portlog: `exec "${process.execPath}" "${join(ROOT, 'bin/portlog.js')}" "$@"`,
    nmap: `exec cat "${join(folder, 'scan.xml')}"`,
    jq: 'exec cat > /dev/null',
    quarantine: 'exec cat > /dev/null',
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  return folder;
}

test('the two commands of the README are what it says', () => {
  const readme = commandsIn('README.md');
  expect(readme).toContain('npm ci && npm start');
  expect(readme).toContain('npm ci && npm test');
});

test('every link leads somewhere', () => {
  for (const path of pages()) {
    for (const [, target = ''] of page(path).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      expect(existsSync(join(ROOT, dirname(path), target)), `${path} → ${target}`).toBe(true);
    }
  }
});

test('every file of portlog that a page names is there', () => {
  const named = /`((?:src|test|tools|bench|schemas|dashboards|packaging|examples)\/[\w./-]+)`/g;
  // What was decided or changed names files as they were. NAME stands for a name.
  for (const path of pages().filter((name) => name !== 'CHANGELOG.md' && !name.startsWith('docs/decisions/')))
    for (const [, file = ''] of page(path).matchAll(named))
      if (!file.includes('NAME')) expect(existsSync(join(ROOT, file)), `${path} names ${file}`).toBe(true);
});

test('everything in docs is reached from the README, one link after the other', () => {
  const reached = new Set<string>();
  const waiting = ['README.md'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path) || !existsSync(join(ROOT, path))) continue;
    reached.add(path);
    if (!path.endsWith('.md')) continue;
    for (const [, target = ''] of page(path).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      const to = join(dirname(path), target);
      waiting.push(existsSync(join(ROOT, to, 'README.md')) ? join(to, 'README.md') : to);
    }
  }
  const files = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  expect(files.map((name) => `docs/${name}`).filter((path) => !reached.has(path))).toEqual([]);
});

test('every decision is listed once, in order', () => {
  const listed = [...page('docs/decisions/README.md').matchAll(/^\| \[(\d+)\]\((\S+)\)/gm)].map(([, , file]) => file);
  expect(listed).toEqual(
    readdirSync(join(ROOT, 'docs/decisions'))
      .filter((name) => /^\d/.test(name))
      .sort(),
  );
});

test('files that the pages name below /var/log are where the services may write', () => {
  const named = pages().flatMap((path) => [...page(path).matchAll(/\b(?:file|wazuh)=(\/var\/log\/\S*\/)/g)].map(([, folder]) => folder));
  expect(new Set(named)).toEqual(new Set(['/var/log/portlog/']));
  for (const unit of ['portlog.service', 'portlog-once.service'])
    expect(readFileSync(join(ROOT, 'examples', unit), 'utf8')).toMatch(/^LogsDirectory=portlog$/m);
});

test('errors and exit codes: the pages and the code say the same', () => {
  const rows = [...page('docs/reference/errors.md').matchAll(/^\| `([\w-]+)` \| (\d+) \|/gm)].map(([, code, exit]) => [code, Number(exit)]);
  expect(Object.fromEntries(rows)).toEqual(ERRORS);
  const codes = [...page('docs/reference/exit-codes.md').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});

test('what is generated is committed', () => {
  for (const [path, text] of generated()) expect(readFileSync(join(ROOT, path), 'utf8'), `${path}: npm run generate`).toBe(text);
});

test('no generated page shows an undefined value', () => {
  for (const [path, text] of generated()) if (path.endsWith('.md')) expect(text, path).not.toMatch(/\bundefined\b|\[object |\bNaN\b/);
});

test('the example program prints the open ports', async () => {
  const code = readFileSync(join(ROOT, 'examples/open-ports.ts'), 'utf8');
  expect(page('docs/how-to/library.md')).toContain('toEvents(readScans(createReadStream(');
  expect(code).toContain("from 'portlog'");
  const { stdout } = await run(process.execPath, [join(ROOT, 'examples/open-ports.ts')], { cwd: ROOT });
  expect(stdout.split('\n')[1]).toBe('127.0.0.1 2222/tcp open ssh OpenSSH 9.2p1 Debian 2');
});

test('the changelog knows the version', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(page('CHANGELOG.md')).toContain(`## ${version}`);
});
