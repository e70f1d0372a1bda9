import { expect, test } from 'vitest';
import { secretsIn, secretsOf, textWithoutEcho, withoutEcho } from '../../src/sink/transport/echo.ts';

/* What a server repeats of a request: test/cli/planted-secrets.test.ts does it for every sink. */

const PLAIN = new URL('https://siem.example');
const basic = (password: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}`,
});

test.for<readonly [secret: string, url: URL, headers: Readonly<Record<string, string>>]>([
  ['eyJh.abc/+=1', PLAIN, { authorization: 'Bearer eyJh.abc/+=1' }],
  ['Hunter2!', PLAIN, basic('Hunter2!')],
  ['bWU6SHVudGVyMiE=', PLAIN, basic('Hunter2!')],
  ['correcthorsebatterystaple', PLAIN, basic('correcthorsebatterystaple')],
  ['k3y-of-a-header', PLAIN, { 'x-api-key': 'k3y-of-a-header' }],
  ['k3y-of-a-header', PLAIN, { 'dd-signature': 'v0=k3y-of-a-header' }],
  ['ABCDEFGHIJKLMNOPQRSTUVWX', new URL('https://chat.example/services/T0/ABCDEFGHIJKLMNOPQRSTUVWX'), {}],
  ['t0k/en+', new URL('https://chat.example/?token=t0k%2Fen%2B'), {}],
])('%s is hidden, however it is written', ([secret, url, headers]) => {
  const secrets = secretsOf(url, { 'content-type': 'application/json', ...headers });
  for (const form of [secret, encodeURIComponent(secret), secret.replaceAll('/', '\\/'), JSON.stringify(secret)]) {
    const masked = textWithoutEcho(`cannot take "${form}" here`, secrets);
    expect(masked).toMatch(/^cannot take "+\*+"+ here$/);
    expect(masked).toHaveLength(`cannot take "${form}" here`.length);
  }
});

test('what the answer of a protocol is made of stays', () => {
  const answer = '{"errors":false,"items":[{"create":{"_id":"7f123456ab","status":201,"type":"security_exception"}}]}';
  for (const password of ['items', 'status', 'create', 'security_exception', '123456', 'x'])
    expect(textWithoutEcho(answer, secretsOf(PLAIN, { 'content-type': 'application/json', ...basic(password) })), password).toBe(answer);
  expect(secretsOf(new URL('https://es.example/prefix/_bulk'), { 'content-type': 'application/json', 'x-team': 'blue-team-7' })).toEqual([]);
});

test('the scheme of a header is no secret, and a binary answer keeps its length', () => {
  const secrets = secretsOf(PLAIN, { authorization: 'Bearer t0psecret-9' });
  expect(textWithoutEcho('Bearer realm, not t0psecret-9', secrets)).toBe('Bearer realm, not ***********');
  const bytes = Buffer.from([0xff, 0x00, ...Buffer.from('t0psecret-9'), 0xfe]);
  expect(withoutEcho(bytes, secrets)).toEqual(Buffer.from([0xff, 0x00, ...Buffer.from('***********'), 0xfe]));
});

test('of the arguments of a program: keys, and not files and words', () => {
  const secrets = secretsIn(['--token=abc123def', '/etc/respond2/settings-2.conf', 'channel', 'https://chat.example/hook/9f8e7d6c5b']);
  expect(textWithoutEcho('abc123def 9f8e7d6c5b channel /etc/respond2/settings-2.conf', secrets)).toMatch(/^\*{9} \*{10} channel \/etc/);
  expect(secretsIn(['half\uD83D9of-a-pair'])).toContain('half\uD83D9of-a-pair');
});
