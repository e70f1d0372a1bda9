import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identityArguments } from '../../src/event/identity-args.ts';
import { commandLine, quoted, wordsOf } from '../../src/nmap/command-line.ts';
import { scriptArguments } from '../../src/nmap/script-args.ts';
import { ecs, eventsOf, scan } from '../support/scans.ts';

/** nmap's own line for these words (output.cc, `join_quoted`). */
function nmap(...words: readonly string[]): string {
  return ['nmap', ...words].map(quoted).join(' ');
}

describe("nmap's command line", () => {
  test('is quoted as nmap does it', () => {
    expect(nmap('--script-args', 'smbusername=admin,smbpassword="Sommer 2026!"', '-p', '80')).toBe(
      String.raw`nmap --script-args "smbusername=admin,smbpassword=\"Sommer 2026!\"" -p 80`,
    );
    expect(quoted(String.raw`a\b`)).toBe(String.raw`a\\b`);
  });

  test('any words come back', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, unit: fc.constantFrom('a', '"', '\\', ' ', '=', '\n', "'") })), (words) => {
        expect(wordsOf(words.map(quoted).join(' '))).toEqual(words);
      }),
    );
  });

  test('a misplaced or unclosed quote makes the rest unreadable', () => {
    expect(commandLine('nmap -p 80 "a b')).toMatchObject({ unreadableFrom: 11 });
    expect(commandLine('nmap -p "8"0 x')).toMatchObject({ unreadableFrom: 8 });
    expect(wordsOf('nmap --script="a or b" x')).toEqual(['nmap', '--script=a or b', 'x']);
  });
});

describe("the grammar of nmap's script arguments", () => {
  test.for([
    ['user=foo,pass=",{}=bar",whois={whodb=nofollow+ripe},xmpp-info.server_name=localhost', 5],
    ["user=foo,pass='a\\'b',paths={/admin,/cgi-bin}", 5],
    ['safe', 1],
    ['a = "b" , c={d={e=f}}\ng', 5],
    ['', 1],
  ])('%s', ([text, values]) => {
    expect(scriptArguments(text as string)?.filter(({ start, end }) => start !== end || text === '')).toHaveLength(values as number);
  });

  test.for(['pass="a', "pass='a", 'pass=abc==', 'pass={a', 'a}', 'pass="a"b', `${'{'.repeat(200)}${'}'.repeat(200)}`])('%s is none', (text) => {
    expect(scriptArguments(text)).toBeUndefined();
  });
});

describe('the id of a scan', () => {
  const SECRET =
    /((?:pass|pwd|secret|token|api[_-]?key|cred|community|private[_-]?key|auth|hash)[\w.-]*\s*=\s*)(\{[^}]*\}|"[^"]*"|'[^']*'|[^\s,"'}]+)/gi;
  const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

  test('is made from the arguments as the first version masked them', () => {
    const parts = ['pass', 'AUTH', 'api_key', '=', ' ', '"', "'", '{', '}', ',', '-', '_', '1', 'a', '://', '@', '/', '.', '+', '***', 'ü', '\\'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts)), (words) => {
        const args = words.join('');
        expect(identityArguments(args)).toBe(args.replace(SECRET, '$1***').replace(USER_INFO, '$1***@'));
      }),
      { numRuns: 2000 },
    );
  });

  test('is the same as before, whatever is masked now', () => {
    const of = (args: string): string => ecs(eventsOf(scan('', `scanner="nmap" version="7.93" args="${args}" start="1760000000"`))[0]!).nmap.scan.id;
    expect(of('nmap -sV 192.0.2.0/24')).toBe('523b6cd3efa739bfed89d4eab90eb03a');
    expect(of(String.raw`nmap --script-args &quot;pw=1,smbpassword=\&quot;Sommer 2026!\&quot;&quot; 192.0.2.7`)).toBe(
      '8fa2193526e05ea963b1510d1e50428b',
    );
  });
});
