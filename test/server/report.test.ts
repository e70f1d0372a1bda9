import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { EVIL } from '../support/strangers-text.ts';

/** What a browser might run, as names of hosts. */
const HOSTILE = [
  `<script>document.title='pwned'</script>`,
  `"><img src=x onerror="document.title='pwned'">`,
  `'-alert(document.title='pwned')-'`,
  `</td></table></script><script>document.title='pwned'</script>`,
  `javascript:document.title='pwned'`,
  `<svg/onload=document.title='pwned'>`,
  `\u202Egnp.exe\u2066`,
  `<style>*{display:none}</style>`,
  `<meta http-equiv=refresh content=0;url=//192.0.2.1>`,
  `&lt;script&gt;{{7*7}}\${7*7}`,
  ...EVIL,
];

let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
afterAll(() => browser.close());

/** Opens a report of these scans, and sees what it asks for and complains of. */
async function opened(input: string): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
  const path = join(freshDir(), 'report.html');
  const { stderr } = await portlog(['report', '-o', path, '-'], { input });
  expect(stderr).toContain(path);
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(pathToFileURL(path).href);
  return { page, requests, complaints };
}

function named(name: string, ip: string): string {
  const text = name.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return host(ip, port(80)).replace('<ports>', `<hostnames><hostname name="${text}" type="PTR"/></hostnames><ports>`);
}

describe('a report in a browser', () => {
  test('untrusted text never runs, and no request is sent', async () => {
    const { page, requests, complaints } = await opened(scan(HOSTILE.map((name, i) => named(name, `192.0.2.${i + 1}`)).join('')));
    expect(await page.title()).toMatch(/^Network exposure, /);
    expect(complaints).toEqual([]);
    expect(requests).toHaveLength(1);
    const names = await page.locator('#ports tbody tr td:nth-child(2)').allTextContents();
    expect(names).toHaveLength(HOSTILE.length);
    expect(names[0]).toBe(HOSTILE[0]);
    await page.close();
  });

  test('search finds rows in all tables, and a click on a host all of it', async () => {
    const { page } = await opened(scan(Array.from({ length: 30 }, (_, i) => named(`name-${i}.example`, `192.0.2.${i + 1}`)).join('')));
    await page.getByRole('searchbox').fill('name-7.example');
    expect(await page.locator('#ports tbody tr').count()).toBe(1);
    expect(await page.locator('#hosts .more').textContent()).toContain('1 of 1 rows that match');
    await page.getByRole('searchbox').fill('');
    await page.locator('#ports td.host', { hasText: '192.0.2.12' }).first().click();
    expect(await page.getByRole('searchbox').inputValue()).toBe('192.0.2.12');
    expect(await page.locator('#ports tbody tr').count()).toBe(1);
    await page.close();
  });

  test('a click on a heading sorts by it, numbers as numbers', async () => {
    const { page } = await opened(scan([22, 1000, 3].map((number, i) => host(`192.0.2.${i + 1}`, port(number))).join('')));
    const ports = () => page.locator('#ports tbody tr td:nth-child(3)').allTextContents();
    await page.getByRole('button', { name: 'Port', exact: true }).and(page.locator('#ports button')).click();
    expect(await ports()).toEqual(['3/tcp', '22/tcp', '1000/tcp']);
    await page.locator('#ports th button', { hasText: 'Port' }).click();
    expect(await ports()).toEqual(['1000/tcp', '22/tcp', '3/tcp']);
    await page.close();
  });

  test('10,000 hosts are opened and searched, printed and dark', async () => {
    const hosts = Array.from({ length: 10_000 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, port(80) + port(443)));
    const { page, complaints } = await opened(scan(hosts.join('')));
    expect(await page.locator('#ports .more').textContent()).toContain('200 of 20000 rows');
    await page.getByRole('searchbox').fill('10.0.39.15');
    expect(await page.locator('#hosts tbody tr').count()).toBe(1);
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).toBe('rgb(20, 24, 28)');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect([await background(), await page.locator('.search').isVisible()]).toEqual(['rgb(255, 255, 255)', false]);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('without scripts all rows are there', async () => {
    const path = join(freshDir(), 'report.html');
    await portlog(['report', '-o', path, '-'], {
      input: scan(Array.from({ length: 300 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, port(80))).join('')),
    });
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await page.goto(pathToFileURL(path).href);
    expect(await page.locator('#ports tbody tr').count()).toBe(300);
    expect(await page.getByRole('searchbox').count()).toBe(0);
  });
});
