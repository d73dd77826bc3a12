/** The status page in a browser. Needs a Chromium of playwright-core or in PATH; skipped where there is none. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleEntry } from '../unit/observe/http/fake-control.js';
import { type Running, startHttp } from '../unit/observe/http/http-client.js';

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const installed = folders.flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
  );
  return [chromium.executablePath(), ...installed].find((path) => existsSync(path));
}

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('the status page (needs Chromium)', () => {
  let http: Running;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requested: string[] = [];
  beforeAll(async () => {
    http = await startHttp();
    browser = await chromium.launch({ executablePath });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => requested.push(new URL(request.url()).host));
    await page.goto(`http://127.0.0.1:${http.port}/`);
    await page.locator('#caches tbody tr').first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await http?.close();
  });

  it('shows the layers as one bar over the whole width, and in words', async () => {
    const bar = page.locator('#bar');
    expect(await bar.getAttribute('aria-label')).toBe('stub 75.0 %, walked 25.0 %');
    const widths = await bar
      .locator('span')
      .evaluateAll((spans) => spans.map((span) => span.getBoundingClientRect().width));
    const whole = await bar.evaluate((element) => element.getBoundingClientRect().width);
    expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(whole, 0);
    expect(widths[0]! / whole).toBeCloseTo(0.75, 2);
    expect(await page.locator('#caches tbody tr').first().locator('th, td').allTextContents()).toEqual([
      'resolver',
      '7',
      '1000 B of 2.0 KiB',
      '3',
      '6',
      '2',
    ]);
  });

  it('resolves a name, and shows what is cached under it', async () => {
    await page.getByRole('textbox', { name: 'Name' }).fill('www.shop.test');
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByText('www.shop.test. A: nxdomain, insecure').waitFor();
    await page.getByRole('button', { name: 'Show what is cached' }).click();
    await page.getByText('resolver: www.shop.test. A rrset, 42 s left').waitFor();
  });

  it('says what is wrong with a name', async () => {
    await page.getByRole('textbox', { name: 'Name' }).fill('a..b');
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByText('That is no domain name').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  it('shows markup in data as text', async () => {
    const markup = '<img src=x onerror="document.title=\'owned\'">';
    http.control.showCache = async () => [{ ...sampleEntry, records: [markup], holds: markup }];
    await page.getByRole('textbox', { name: 'Name' }).fill('www.shop.test');
    await page.getByRole('button', { name: 'Show what is cached' }).click();
    await page.getByText(markup).first().waitFor();
    expect(await page.title()).toBe('stratadns');
    expect(await page.locator('#result img').count()).toBe(0);
  });

  it('keeps to its own policy, and asks nobody else', () => {
    expect(complaints).toEqual([]);
    expect([...new Set(requested)]).toEqual([`127.0.0.1:${http.port}`]);
  });
});
