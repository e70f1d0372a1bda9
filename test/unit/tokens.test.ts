import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { readHost } from '../../src/nmap/host.ts';
import { Reader } from '../../src/nmap/reader.ts';
import { Malformed } from '../../src/nmap/malformed.ts';
import { CORPUS, corpusFile, corpusFiles } from '../support/corpus.ts';
import { fixture } from '../support/scans.ts';

/** What both parsers can tell about one host: addresses, ports with state, and names. */
interface Seen {
  readonly addresses: readonly string[];
  readonly ports: readonly string[];
  readonly names: readonly string[];
}

/** A port without a state is no statement, and left out. */
function hasState(port: string): boolean {
  return !port.endsWith(' ');
}

/** Our tokeniser; undefined when it refuses. */
function ours(text: string): Seen | undefined {
  try {
    const host = readHost(new Reader(text), 0, text.length);
    return {
      addresses: host.addresses.map(({ addr }) => addr),
      ports: [...host.ports].map(({ portid, protocol, state }) => `${portid}/${protocol ?? ''} ${state?.state ?? ''}`).filter(hasState),
      names: host.hostnames.map(({ name }) => name ?? ''),
    };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** saxes, a strict parser; undefined when it refuses. */
function theirs(text: string): Seen | undefined {
  const seen = { addresses: [] as string[], ports: [] as string[], names: [] as string[] };
  const stack: string[] = [];
  let port: string | undefined;
  let state = '';
  const parser = new SaxesParser();
  let failed = false;
  parser.on('error', () => (failed = true));
  parser.on('opentag', ({ name, attributes }) => {
    const path = [...stack, name].join('/');
    if (path === 'host/address' && attributes['addr'] !== undefined) seen.addresses.push(attributes['addr']);
    if (path === 'host/hostnames/hostname') seen.names.push(attributes['name'] ?? '');
    if (path === 'host/ports/port') [port, state] = [`${attributes['portid'] ?? ''}/${attributes['protocol'] ?? ''}`, ''];
    if (path === 'host/ports/port/state') state = attributes['state'] ?? '';
    stack.push(name);
  });
  parser.on('closetag', () => {
    if (stack.join('/') === 'host/ports/port' && state !== '') seen.ports.push(`${port} ${state}`);
    stack.pop();
  });
  parser.write(text).close();
  return failed ? undefined : seen;
}

const HOSTS = [
  ...fixture('everything.xml')
    .toString()
    .matchAll(/<host [^]*?<\/host>/g),
].map(([text]) => text);
const MUTATIONS = [
  '<',
  '>',
  '&',
  '"',
  "'",
  '/',
  '=',
  ' ',
  '',
  '</host>',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]',
  '&amp;',
  '&#65;',
  '&#xZ;',
  'é',
  '<port',
  '</port>',
  '<?x?>',
  'a="b"',
];

describe('the tokeniser against saxes', () => {
  test('well-formed hosts: the same content', () => {
    for (const text of HOSTS) expect(ours(text)).toEqual(theirs(text));
  });

  test.skipIf(CORPUS === undefined)('every host of the corpus: the same content, or refused by both (PORTLOG_CORPUS)', () => {
    for (const [name] of corpusFiles()) {
      for (const [text] of corpusFile(name)
        .toString()
        .matchAll(/<host [^]*?<\/host>/g)) {
        if (/&#(x0*[0-8bcef]|x1[0-9a-f]);/i.test(text)) continue;
        expect(ours(text), name).toEqual(theirs(text));
      }
    }
  });

  test('mutated hosts: the same content, or refused by both', () => {
    const mutation = fc.record({ at: fc.nat(), cut: fc.nat(6), insert: fc.constantFrom(...MUTATIONS) });
    fc.assert(
      fc.property(fc.constantFrom(...HOSTS), fc.array(mutation, { minLength: 1, maxLength: 3 }), (text, mutations) => {
        let mutated = text;
        for (const { at, cut, insert } of mutations) {
          const position = at % mutated.length;
          mutated = mutated.slice(0, position) + insert + mutated.slice(position + cut);
        }
        if (!mutated.startsWith('<host ') || !mutated.endsWith('</host>')) return;
        const expected = theirs(mutated);
        const actual = ours(mutated);
        if (!toleratedDifference(mutated)) expect(actual).toEqual(expected);
        else if (expected !== undefined && actual !== undefined) expect(actual).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });
});

/** saxes refuses characters that XML forbids, `]]>` in text, reserved targets and odd names; we read on or are stricter. */
function toleratedDifference(text: string): boolean {
  return /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD]|\]\]>|&#|<\?|<!|xmlns|:|[^\x00-\x7F]/.test(text.replaceAll('&#xa;', ''));
}

test('fast-xml-parser sees the same ports in what it takes', () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', isArray: (name) => name === 'port' });
  for (const text of HOSTS) {
    expect(XMLValidator.validate(text)).toBe(true);
    const { host } = parser.parse(text);
    const ports = (host.ports?.port ?? []).map((port: any) => `${port['@portid']}/${port['@protocol']} ${port.state['@state']}`);
    expect(ours(text)?.ports).toEqual(ports);
  }
});

test('only Malformed escapes, whatever the text is', () => {
  const pieces = fc.array(fc.constantFrom(...MUTATIONS, '<host>', '<ports>', '<table>', 'x'), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, (parts) => {
      ours(`<host>${parts.join('')}</host>`);
    }),
    { numRuns: 2000 },
  );
});
