/** The page against a server that a test can bend: tokens, refusals, hostile data. Skipped without Chromium. */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { Counters } from '../../src/observe/counters.js';
import { findChromium, openPage, textOf, type WatchedPage } from '../support/page-harness.js';
import { fullSnapshot } from '../unit/observe/full-snapshot.js';
import { sampleEntry } from '../unit/observe/http/fake-control.js';
import { type Running, startHttp } from '../unit/observe/http/http-client.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('the status page (needs Chromium)', () => {
  let browser: Browser;
  let http: Running;
  let watched: WatchedPage;
  const open = async (hash: string, options: Parameters<typeof startHttp>[0] = {}) => {
    http = await startHttp(options);
    http.control.snapshot = fullSnapshot();
    watched = await openPage(browser);
    await watched.page.goto(`http://127.0.0.1:${http.port}/${hash}`);
    return watched.page;
  };
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath });
  });
  afterEach(async () => {
    await watched.page.context().close();
    await http.close();
  });
  afterAll(() => browser?.close());

  it('shows every table from one snapshot', async () => {
    const page = await open('');
    const cells = (table: string) =>
      page.locator(`#${table} tbody tr`).first().locator('th, td').allTextContents();
    await page.locator('#servers .badge').first().waitFor();
    expect(await cells('caches')).toEqual([
      'resolver',
      '1000 B of 2.0 KiB',
      '7',
      '3',
      '6',
      '40.0 %',
      '2',
      '1',
    ]);
    expect(await cells('top-names')).toEqual(['www.example.test', 'A', '11']);
    expect(await cells('failing-names')).toEqual(['www.example.testEDE 23 no route', 'A', '1']);
    // Servers in trouble come first.
    expect(await cells('servers')).toEqual([
      '2001:db8::53',
      'backing off 4 s',
      '–',
      '3 in a row',
      '–',
      'never',
    ]);
    expect(await textOf(page.locator('#upstream'))).toMatch(/near misses \(wrong ID\)\s*1/);
    expect(await textOf(page.locator('#upstream'))).toMatch(/limit perClientQps\s*1/);
    const shares = await page.locator('#classes tbody tr td:nth-child(3)').allTextContents();
    expect(shares.reduce((sum, text) => sum + Math.round(Number.parseFloat(text) * 10), 0)).toBe(1000);
    expect(watched.complaints).toEqual([]);
  });

  it('says what is wrong with a name', async () => {
    const page = await open('#/cache');
    await page.locator('#cache-form [name=name]').fill('a..b');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('That is no domain name').waitFor();
    expect(watched.complaints.splice(0)).toEqual([expect.stringContaining('400')]);
    await page.goto(`http://127.0.0.1:${http.port}/#/trace/a.test/NOPE`);
    await page.getByText('That is no record type').waitFor();
    expect(watched.complaints.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  it('shows the class of names that are not of class IN, without a way into caches', async () => {
    const page = await open('');
    const counters = new Counters();
    const asked = { lookupClass: 'refused', missReason: undefined, transport: 'udp', tookMs: 1 } as const;
    const qname = parseName('version.bind.');
    counters.record({ ...asked, client: '192.0.2.1', qtype: 16, qclass: 3, qname, rcode: 5 });
    http.control.snapshot = { ...http.control.snapshot, counters: counters.state() };
    await page.reload();
    for (const table of ['top-names', 'failing-names']) {
      const row = page.locator(`#${table} tbody tr`).first();
      await row.getByText('CH TXT').waitFor();
      expect(await row.locator('a').count()).toBe(0);
    }
    expect(watched.complaints).toEqual([]);
  });

  it('shows no clock beside what time does not end', async () => {
    const { ttlSec: _, ...timeless } = sampleEntry;
    const page = await open('#/cache');
    http.control.showCache = async () => [{ ...timeless, holds: 'cache-rule' }, sampleEntry];
    await page.locator('#cache-form [name=name]').fill('www.shop.test');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('2 entries under').waitFor();
    const times = await page.locator('.entry .time').allInnerTexts();
    expect(times).toEqual(['', expect.stringMatching(/^4\d s left$/)]);
    expect(watched.complaints).toEqual([]);
  });

  it('shows markup in data as text', async () => {
    const markup = '<img src=x onerror="document.title=\'owned\'">';
    const page = await open('#/cache');
    http.control.showCache = async () => [
      { ...sampleEntry, records: [markup], holds: markup, details: { rank: markup } },
    ];
    await page.locator('#cache-form [name=name]').fill('www.shop.test');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText(markup).first().waitFor();
    await page.goto(`http://127.0.0.1:${http.port}/#/trace/${encodeURIComponent(markup)}/A`);
    await page.locator('.walk-svg').waitFor();
    expect(await page.title()).not.toBe('owned');
    expect(await page.locator('main img').count()).toBe(0);
    expect(watched.complaints).toEqual([]);
  });

  it('flushes by type, by layer, what denies, and everything, by keyboard alone', async () => {
    const page = await open('#/cache/www.shop.test/A');
    await page.locator('.entry').waitFor();
    expect(await page.locator('#cache-form [name=type]').inputValue()).toBe('A');
    const dialog = page.getByRole('dialog');
    await page.locator('#flush-some summary').focus();
    await page.keyboard.press('Enter');
    for (const label of ['stub', 'negative', 'Only what says']) {
      await page.getByLabel(label).focus();
      await page.keyboard.press('Space');
    }
    await page.getByRole('button', { name: 'Flush name' }).focus();
    await page.keyboard.press('Enter');
    await dialog.getByText('type A, in stub, negative, only what denies or failed').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('3 entries removed: stub 1, resolver 2').waitFor();
    for (const label of ['stub', 'negative', 'Only what says']) await page.getByLabel(label).uncheck();
    await page.locator('#cache-form [name=type]').fill('');
    await page.getByRole('button', { name: 'Flush everything' }).click();
    await dialog.getByText('Flush everything?').waitFor();
    await dialog.getByRole('button', { name: 'Flush' }).click();
    await expect.poll(() => http.control.flushed.length).toBe(2);
    expect(http.control.flushed).toEqual(['www.shop.test. 1 stub+negative negatives', '. subtree']);
    expect(watched.complaints).toEqual([]);
  });

  it('shows only one type when one is given, and says so', async () => {
    const page = await open('#/cache');
    await page.locator('#cache-form [name=name]').fill('www.shop.test');
    await page.locator('#cache-form [name=type]').fill('mx');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing is cached under www.shop.test. MX').waitFor();
    expect(page.url()).toMatch(/#\/cache\/www\.shop\.test\/MX$/);
  });

  it('asks for the token before it flushes, again when it is wrong, and never flushes unasked', async () => {
    const page = await open('#/cache/www.shop.test', { token: 'correct-horse' });
    await page.locator('.entry').waitFor();
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Flush name' }).click();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(http.control.flushed).toEqual([]);
    await page.getByRole('button', { name: 'Flush it and all below' }).click();
    await dialog.getByText('www.shop.test and every name below it').waitFor();
    await dialog.getByRole('button', { name: 'Flush' }).click();
    await dialog.getByLabel('Token').fill('wrong');
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await dialog.getByText('That token is wrong').waitFor();
    expect(http.control.flushed).toEqual([]);
    await dialog.getByLabel('Token').fill('correct-horse');
    await page.keyboard.press('Enter');
    await page.getByText('3 entries removed').waitFor();
    expect(http.control.flushed).toEqual(['www.shop.test. subtree']);
    // The token is kept for this tab: the next flush asks only whether it is meant.
    await page.getByRole('button', { name: 'Flush name' }).click();
    await dialog.getByRole('button', { name: 'Flush' }).click();
    await expect.poll(() => http.control.flushed.length).toBe(2);
    expect(watched.complaints.filter((text) => !text.includes('401'))).toEqual([]);
  });

  it('says what was refused for being too much', async () => {
    const page = await open('#/trace', { limits: { traces: 0 } });
    await page.locator('#trace-form [name=name]').fill('www.shop.test');
    await page.getByRole('button', { name: 'Trace' }).click();
    await page.getByText('Too many requests; try again later.').waitFor();
    expect(watched.complaints.splice(0)).toEqual([expect.stringContaining('429')]);
  });
});
