import { describe, expect, test } from 'vitest';
import { runCoverage } from '../../src/change/coverage.ts';
import { identityArguments } from '../../src/event/identity-args.ts';
import { quoted, wordsOf } from '../../src/nmap/command-line.ts';
import { maskArguments, maskOutput } from '../../src/nmap/mask.ts';
import { ecs, eventsOf, scan } from '../support/scans.ts';

/** nmap's own line for these words (output.cc, `join_quoted`). */
function nmap(...words: readonly string[]): string {
  return ['nmap', ...words].map(quoted).join(' ');
}

/** The same line, masked, as the words that it says. */
function masked(...words: readonly string[]): readonly string[] {
  return wordsOf(maskArguments(nmap(...words))).slice(1);
}

describe('what is secret in the arguments of nmap', () => {
  test.for<readonly [readonly string[], readonly string[]]>([
    [
      ['--script-args', 'smbusername=admin,smbpassword="Sommer 2026!"'],
      ['--script-args', 'smbusername=admin,smbpassword=***'],
    ],
    [['--script-args=smbpassword=Sommer 2026,unsafe'], ['--script-args=smbpassword=***,unsafe']],
    [
      ['-script-args', 'pw=hunter2'],
      ['-script-args', 'pw=***'],
    ],
    [
      ['--script_args', 'mysqluser=root,mysqlpass=hunter2'],
      ['--script_args', 'mysqluser=root,mysqlpass=***'],
    ],
    [
      ['--script-arg', 'http.pipeline=1,vulners.api_key=hunter2'],
      ['--script-arg', 'http.pipeline=1,vulners.api_key=***'],
    ],
    [
      ['--script-args', 'snmpcommunity=hunter2'],
      ['--script-args', 'snmpcommunity=***'],
    ],
    [
      ['--script-args', 'shodan-api.apikey=hunter2'],
      ['--script-args', 'shodan-api.apikey=***'],
    ],
    [
      ['--script-args', "creds.global='admin:hunter2'"],
      ['--script-args', 'creds.global=***'],
    ],
    [
      ['--script-args', 'creds={global={user=a,x=hunter2},{hunter2}}'],
      ['--script-args', 'creds=***'],
    ],
    [
      ['--script-args', 'a={b={pass=hunter2,user=x}},c=d'],
      ['--script-args', 'a={b={pass=***,user=x}},c=d'],
    ],
    [
      ['--script-args', String.raw`user=x,pass=ab\,hunter2,unsafe`],
      ['--script-args', 'user=x,pass=***,***,unsafe'],
    ],
    [
      ['--script-args', String.raw`pass="hunt\"er2",user=x`],
      ['--script-args', 'pass=***,user=x'],
    ],
    [
      ['--script-args', '"smbpassword" = hunter2'],
      ['--script-args', '"smbpassword" = ***'],
    ],
    [
      ['--script-args', 'user=x\npass=hunter2\nsafe=1'],
      ['--script-args', 'user=x\npass=***\nsafe=1'],
    ],
    [
      ['--script-args', 'x.jwt=hunter2,ntlm=hunter2'],
      ['--script-args', 'x.jwt=***,ntlm=***'],
    ],
    [
      ['--script-args', 'pass=hunter2=='],
      ['--script-args', '***'],
    ],
    [
      ['--script-args', 'pass="hunter2'],
      ['--script-args', '***'],
    ],
    [
      ['--script-args', 'pass={hunter2'],
      ['--script-args', '***'],
    ],
    [
      ['--script-args', 'http.useragent=x,headers={Authorization="Basic aHVudGVyMg=="}'],
      ['--script-args', 'http.useragent=x,headers={Authorization=***}'],
    ],
    [
      ['--script-args', 'http.header="X-Any: Bearer hunter2hunter2"'],
      ['--script-args', 'http.header="X-Any: Bearer ***"'],
    ],
    [
      ['--script-args', 'http.header="Authorization: Basic aHVudGVyMg=="'],
      ['--script-args', 'http.header="Authorization: ***"'],
    ],
    [
      ['--script-args', 'proxy=http://bob:hunter2@proxy:80/,x=y'],
      ['--script-args', 'proxy=http://***@proxy:80/,x=y'],
    ],
    [
      ['--script-args-file', '/etc/portlog/args'],
      ['--script-args-file', '/etc/portlog/args'],
    ],
    [
      ['--proxies', 'http://bob:hunter2@proxy:8080,socks4://10.0.0.1:1080'],
      ['--proxies', 'http://***@proxy:8080,socks4://10.0.0.1:1080'],
    ],
    [
      ['--proxies', 'http://bob:hun/t@er2@proxy:8080'],
      ['--proxies', 'http://***@proxy:8080'],
    ],
    [
      ['--proxies', 'http://bob:hun,ter2@proxy:8080'],
      ['--proxies', '***'],
    ],
    [['--proxy=bob:hunter2@proxy'], ['--proxy=***']],
    [
      ['--data-string', 'Cookie: hunter2'],
      ['--data-string', '***'],
    ],
    [['--data-string=hunter2'], ['--data-string=***']],
    [
      ['-data-s', 'hunter2'],
      ['-data-s', '***'],
    ],
    [
      ['--data_string', 'hunter2'],
      ['--data_string', '***'],
    ],
    [
      ['--data', '0x68756e746572'],
      ['--data', '***'],
    ],
    [[String.raw`--data=\xCA\xFEhunter2`], ['--data=***']],
    [
      ['--ip-options', String.raw`\x44\x08hunter2`],
      ['--ip-options', '***'],
    ],
    [
      ['--ip-options', 'S 192.0.2.1 192.0.2.2'],
      ['--ip-options', 'S 192.0.2.1 192.0.2.2'],
    ],
    [['--ip-options=R'], ['--ip-options=R']],
    [
      ['-b', 'bob:hunter2@ftp.example:21'],
      ['-b', '***@ftp.example:21'],
    ],
    [['-bbob:hunter2@ftp.example'], ['-b***@ftp.example']],
    [
      ['-nb', 'bob:hunter2@ftp.example'],
      ['-nb', '***@ftp.example'],
    ],
    [
      ['--stylesheet', 'https://bob:hunter2@x/nmap.xsl'],
      ['--stylesheet', 'https://***@x/nmap.xsl'],
    ],
    [
      ['--http-cookie', 'hunter2'],
      ['--http-cookie', '***'],
    ],
    [['https://bob:hunter2@192.0.2.7/'], ['https://***@192.0.2.7/']],
    [['bob:hunter2@192.0.2.7'], ['***@192.0.2.7']],
  ])('%s', ([words, expected]) => {
    expect(masked(...words, '192.0.2.0/24')).toEqual([...expected, '192.0.2.0/24']);
    expect(maskArguments(nmap(...words))).not.toMatch(/hunter2|aHVudGVyMg|er2/);
  });

  test.for([
    ['nmap -sV -p T:80,U:53 --script "default or safe,http-auth" -oX - 192.0.2.0/24 2001:db8::/64'],
    ['nmap -Pn -n --script basic,http-auth* --dns-servers 192.0.2.53 -iL hosts.txt --privileged'],
    ['nmap -S 192.0.2.9 -g 53 --source-port 53 -D 192.0.2.8,ME --spoof-mac Apple --data-length 20 --ttl 9 -sI zombie:80 -e eth0 192.0.2.7'],
    ['nmap --script=auth --script-args ssh_hostkey=full,unsafe=1 --script-timeout 5m host.example'],
    ['masscan -p80 --rate 1000 --source-port 61000 --banners 192.0.2.0/24'],
    [String.raw`nmap -oX C:\\scans\\x.xml 192.0.2.7`],
  ])('%s has none and stays as it is', ([args]) => {
    expect(maskArguments(args as string)).toBe(args);
  });

  test('arguments that cannot be parsed are masked to their end', () => {
    expect(maskArguments('nmap -p 80 --script-args "pass=a 192.0.2.7')).toBe('nmap -p 80 --script-args ***');
    expect(maskArguments("nmap --script-args pass='hunter 2' -p 80 192.0.2.7")).toBe('nmap --script-args *** -p 80 192.0.2.7');
  });

  test('words of a value that older versions wrote without quotes belong to it, after a space and after an equals sign', () => {
    for (const between of [' ', '='])
      expect(maskArguments(`nmap --script-args${between}http.header.Authorization='Basic hunter2==' -p 80 192.0.2.1`)).toBe(
        `nmap --script-args${between}*** -p 80 192.0.2.1`,
      );
  });

  test('masking again changes nothing, and the targets are known as before', () => {
    const args = nmap('--script-args', 'a={pass="x y"},b=c', '--proxies', 'http://a:b@c:1', '-p', '80', '192.0.2.0/24');
    expect(maskArguments(maskArguments(args))).toBe(maskArguments(args));
    const scopeOf = (text: string): unknown => runCoverage({ scanner: 'nmap', args: text, verbose: 1, scaninfo: [] }).arguments.scope;
    expect(scopeOf(maskArguments(args))).toEqual(scopeOf(args));
    expect(scopeOf(args)).toMatchObject({ known: true });
  });

  test('no event carries them, whatever nmap wrote them into', () => {
    const args = String.raw`nmap -d --script-args &quot;smbpassword=\&quot;Sommer 2026!\&quot;&quot; 192.0.2.7`;
    const output = 'NSE: Arguments from CLI: smbpassword="Sommer 2026!"\nNSE: Arguments parsed: a={pw=Sommer}\nargs = pass="Sommer';
    const finished = '<runstats><finished time="1760000060" exit="error" errormsg="bad proxy http://bob:Sommer@proxy"/></runstats>';
    const text = scan('', `scanner="nmap" version="7.93" args="${args}" start="1760000000"`).replace(
      /<runstats>.*<\/runstats>/,
      `<output type="interactive">${output}</output>${finished}`,
    );
    const events = eventsOf(text, { scannerHost: 'scan1' }).map(ecs);
    expect(events.map(({ event }) => event.action)).toEqual(['scan-started', 'scan-failed']);
    expect(JSON.stringify(events)).not.toMatch(/Sommer|2026!/);
    expect(events[1].nmap.output.text).toBe('NSE: Arguments from CLI: smbpassword=***\nNSE: Arguments parsed: a={pw=***}\nargs = ***');
  });

  test("nmap's messages keep what is no secret", () => {
    expect(maskOutput('Warning: Hostname auth.example resolves to 2 IPs. Using 192.0.2.7.')).toBe(
      'Warning: Hostname auth.example resolves to 2 IPs. Using 192.0.2.7.',
    );
  });

  test.for([
    'a ',
    'pass',
    'pass=',
    '"',
    "'",
    '\\',
    '{',
    'a={',
    'pass="\\',
    'a.b://',
    'x@',
    ':',
    'pass:',
    'x-key',
    "--script-args 'a ",
    '--proxies a,',
    'basic ',
  ])('a mebibyte of %s takes a moment', (unit) => {
    for (const text of [unit.repeat(((1 << 20) - 20) / unit.length), `--script-args ${unit.repeat(((1 << 20) - 20) / unit.length)}`]) {
      const started = process.cpuUsage();
      maskArguments(text);
      maskOutput(text);
      identityArguments(text);
      const { user, system } = process.cpuUsage(started);
      expect((user + system) / 1e6).toBeLessThan(3);
    }
  });
});
