/** The page over a whole server that walks the mock internet. Skipped without Chromium or dig. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { flushEverything } from '../../src/cache/flush.js';
import {
  findChromium,
  hasDig,
  type LiveInternet,
  openPage,
  probe,
  startInternet,
  textOf,
  type WatchedPage,
} from '../support/page-harness.js';

const executablePath = findChromium();
const WAIT = { timeout: 15_000, interval: 100 };

describe.skipIf(executablePath === undefined || !hasDig())('the live page (needs Chromium and dig)', () => {
  let internet: LiveInternet;
  let browser: Browser;
  let watched: WatchedPage;
  beforeAll(async () => {
    internet = await startInternet();
    browser = await chromium.launch({ executablePath });
  });
  afterAll(async () => {
    await browser?.close();
    await internet?.close();
  });
  const open = async (hash = '', options: Parameters<typeof openPage>[1] = {}): Promise<Page> => {
    watched = await openPage(browser, options);
    await watched.page.goto(internet.url + hash);
    return watched.page;
  };
  afterEach(async () => {
    const { complaints, hosts, page } = watched;
    await page.context().close();
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual([new URL(internet.url).host]);
  });

  const figure = async (page: Page, id: string) =>
    Number((await textOf(page.locator(id))).replace(/[^0-9.]/g, ''));
  const walked = async () =>
    (await internet.stack.stats()).counters.classes.find(([name]) => name === 'walked')![1].count;

  describe('overview', () => {
    it('counts queries while one looks on', async () => {
      const page = await open();
      await page.locator('#status[data-state=live]').waitFor();
      await page.locator('#tile-rate').waitFor();
      const total = () => figure(page, '#tiles .tile:first-child .note');
      const before = await total();
      for (let i = 0; i < 5; i++) await internet.dig('www.example.com');
      await expect.poll(total, WAIT).toBe(before + 5);
      await expect.poll(() => figure(page, '#tile-rate'), WAIT).toBeGreaterThan(0);
      await expect.poll(() => textOf(page.locator('#top-names')), WAIT).toContain('www.example.com');
      await expect.poll(() => textOf(page.locator('#servers')), WAIT).toContain('127.53.2.');
    });

    it('stacks the layers to 100 %, in figures and in the picture', async () => {
      const page = await open();
      for (const name of ['www.example.com', 'www.example.com', 'none.negative.test', 'www.nic.org']) {
        await internet.dig(name);
      }
      await expect.poll(() => textOf(page.locator('#shares-legend')), WAIT).toMatch(/stub[\s\S]*walked/);
      const figures = await page.locator('#shares-legend b').allTextContents();
      expect(figures.reduce((sum, text) => sum + Math.round(Number.parseFloat(text) * 10), 0)).toBe(1000);
      expect(await probe<{ columns: number; gaps: number }>(page, 'fullColumns()')).toMatchObject({
        gaps: 0,
        columns: expect.any(Number),
      });
      expect((await probe<{ columns: number; gaps: number }>(page, 'fullColumns()')).columns).toBeGreaterThan(
        0,
      );
    });

    it('lets the picture be read with the arrow keys', async () => {
      await internet.dig('www.example.com');
      const page = await open();
      const chart = page.locator('#shares-chart svg');
      await page.locator('#shares-legend b').first().waitFor();
      await chart.focus();
      await page.keyboard.press('ArrowLeft');
      await page.locator('#shares-chart .reading.on').waitFor();
      expect(await textOf(page.locator('#shares-chart .reading'))).toMatch(/now|ago/);
    });

    it('shows failing names with the reason, and leads from them to the trace', async () => {
      await internet.dig('www.lame.broken.test');
      const page = await open();
      const row = page.locator('#failing-names tr', { hasText: 'www.lame.broken.test' });
      await row.waitFor();
      expect(await textOf(row)).toMatch(/EDE 22 no name server of lame\.broken\.test\./);
      await row.getByRole('link').click();
      await page.locator('#verdict.tone-bad').waitFor();
      expect(new URL(page.url()).hash).toBe('#/trace/www.lame.broken.test./A');
    });

    it('says when the server is gone, and goes on when it is back', async () => {
      const page = await open();
      await page.locator('#status[data-state=live]').waitFor();
      await internet.stopHttp();
      await page.getByText('No connection, trying again').waitFor();
      await internet.startHttp();
      await page.locator('#status[data-state=live]').waitFor();
      // What the browser itself says of a server that is gone is no complaint of the page's.
      watched.complaints.splice(
        0,
        Infinity,
        ...watched.complaints.filter((text) => !/ERR_|Failed to load/.test(text)),
      );
    });
  });

  describe('cache browser', () => {
    it('shows entries whose time runs down, with their origin, and flushes them', async () => {
      await internet.dig('www.example.com');
      const page = await open('#/cache');
      await page.locator('#cache-form [name=name]').fill('www.example.com');
      await page.keyboard.press('Enter');
      const entry = page.locator('.entry[data-layer=resolver]');
      await entry.first().waitFor();
      const text = await textOf(entry.first());
      expect(text).toMatch(/IN A 192\.0\.2\.10/);
      expect(text).toMatch(/trust\s*answer/);
      expect(text).toMatch(/server\s*127\.53\.2\.[12]/);
      expect(text).toMatch(/transport\s*udp/);
      expect(text).toMatch(/zone\s*example\.com\./);
      expect(text).toMatch(/hits\s*\d/);
      expect(text).toMatch(/lease\s*\d/);
      const ttl = () => textOf(entry.first().locator('.ttl'));
      const first = await ttl();
      await expect.poll(ttl, WAIT).not.toBe(first);

      await internet.dig('www.example.com');
      const walks = await walked();
      await internet.dig('www.example.com');
      expect(await walked()).toBe(walks);
      await page.getByRole('button', { name: 'Flush name' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Flush' }).click();
      await page.getByText(/\d+ entries removed/).waitFor();
      expect(await page.locator('.entry').count()).toBe(0);
      await internet.dig('www.example.com');
      expect(await walked()).toBe(walks + 1);
    });
  });

  describe('trace explorer', () => {
    it('draws the walk of a chain of aliases over four zones', async () => {
      const page = await open('#/trace');
      await page.locator('#trace-form [name=name]').fill('www.shop.example.com');
      await page.getByLabel('Walk though caches could answer').check();
      await page.getByRole('button', { name: 'Trace' }).click();
      await page.locator('#verdict.tone-good').waitFor();
      expect(new URL(page.url()).hash).toBe('#/trace/www.shop.example.com/A/fresh');
      const lanes = await page.locator('.lane-label').allTextContents();
      expect(lanes.slice(0, 3)).toEqual(['client', 'caches', 'resolver']);
      for (const zone of ['shop.example.com', 'cdn.example.net', 'edge.test']) expect(lanes).toContain(zone);
      const aliases = await page.locator('.row-note .row-text').allTextContents();
      expect(aliases.filter((text) => text.includes('CNAME →')).length).toBe(3);
      const bars = page.locator('.row-exchange .fall');
      expect(await bars.count()).toBeGreaterThanOrEqual(3);
      // Time runs to the right: each question starts where or after the one before it did.
      const starts = await bars.evaluateAll((all) => all.map((bar) => Number(bar.getAttribute('x'))));
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      expect(await page.locator('.row-reply').textContent()).toContain('answer after');
      expect(await page.locator('#verdict .records li').count()).toBe(5);
      expect(await page.locator('#tried tbody tr').count()).toBe(await page.locator('.row-exchange').count());
    });

    it('opens a walk by its address, with the root and the zones below it', async () => {
      await internet.stack.flushCache(flushEverything);
      const page = await open('#/trace/www.example.co.nl/AAAA');
      await page.locator('#verdict').waitFor();
      const lanes = await page.locator('.lane-label').allTextContents();
      expect(lanes).toEqual(expect.arrayContaining(['. (root)', 'nl']));
      expect(await page.locator('#trace-form [name=type]').inputValue()).toBe('AAAA');
      expect(await page.locator('.row-probe').count()).toBeGreaterThan(0);
    });

    it('gives the verdict on a broken zone, with the step that failed', async () => {
      const page = await open('#/trace/www.lame.broken.test/A/fresh');
      const verdict = page.locator('#verdict.tone-bad');
      await verdict.waitFor();
      const text = await textOf(verdict);
      expect(text).toMatch(/First failing step\s*127\.53\.9\.\d+ udp: taken for lame/);
      expect(text).toMatch(/To blame\s*the parent zone: ns\.lame\.broken\.test/);
      expect(text).toMatch(/What to do\s*\S/);
      const chosen = page.locator('.row[aria-selected=true]');
      expect(await chosen.getAttribute('class')).toContain('tone-bad');
      expect(await textOf(page.locator('#walk-step'))).toContain('taken for lame');
    });

    it('shows the chain of trust of a signed answer', async () => {
      await internet.stack.flushCache(flushEverything);
      const page = await open('#/trace/www.example.com/A/fresh');
      await page.locator('#verdict').waitFor();
      const zones = await page.locator('#chain-zones .name').allTextContents();
      expect(zones).toEqual(expect.arrayContaining(['com.', 'example.com.']));
      expect(zones.indexOf('com.')).toBeLessThan(zones.indexOf('example.com.'));
      expect(await page.locator('#chain li.is-secure').count()).toBeGreaterThan(2);
      expect(await textOf(page.locator('#verdict .badges'))).toContain('secure');
    });
  });

  describe('everyone', () => {
    it('can go the whole way with the keyboard alone', async () => {
      const page = await open();
      const tabTo = async (selector: string) => {
        for (let presses = 0; presses < 60; presses++) {
          await page.keyboard.press('Tab');
          if (await probe<boolean>(page, `focusIs(${JSON.stringify(selector)})`)) return;
        }
        throw new Error(`no way to ${selector} by Tab`);
      };
      await tabTo('nav a[data-view=trace]');
      await page.keyboard.press('Enter');
      await expect.poll(() => probe(page, "focusIs('[name=name]')"), WAIT).toBe(true);
      await page.keyboard.type('www.example.com');
      await page.keyboard.press('Enter');
      await page.locator('.walk-svg').waitFor();
      await tabTo('.row');
      await page.keyboard.press('Home');
      expect(await page.locator('.row[aria-selected=true]').getAttribute('class')).toContain('row-ask');
      const first = await textOf(page.locator('#walk-step'));
      await page.keyboard.press('ArrowDown');
      expect(await textOf(page.locator('#walk-step'))).not.toBe(first);
      const outline = await probe<string>(page, 'rowOutline()');
      expect(outline).toBe('2px');
    });

    it('gets light or dark as the system has it, or as chosen, over a reload too', async () => {
      const back = (page: Page) => probe<string>(page, 'background()');
      const page = await open('', { colorScheme: 'dark' });
      const dark = await back(page);
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await back(page);
      expect(light).not.toBe(dark);
      await page.getByRole('button', { name: 'Colours: as the system' }).click();
      await page.getByRole('button', { name: 'Colours: light' }).click();
      expect(await back(page)).toBe(dark);
      await page.reload();
      expect(await back(page)).toBe(dark);
    });

    it.each(['light', 'dark'] as const)('can read all text: contrast in %s', async (colorScheme) => {
      await internet.dig('www.lame.broken.test');
      const page = await open('', { colorScheme });
      await page.locator('#failing-names .reason').first().waitFor();
      await page.locator('#tile-rate').waitFor();
      expect(await probe<string[]>(page, 'poorContrast()')).toEqual([]);
      for (const hash of ['#/cache/www.example.com', '#/trace/www.lame.broken.test/A/fresh']) {
        await page.goto(internet.url + hash);
        await page.locator(hash.includes('trace') ? '.walk-svg' : '#cache-message:not(:empty)').waitFor();
        expect(await probe<string[]>(page, 'poorContrast()'), hash).toEqual([]);
      }
    });

    it.each([
      '',
      '#/cache/www.example.com',
      '#/trace/www.shop.example.com/A/fresh',
      '#/trace/www.lame.broken.test/A',
    ])('fits a phone without scrolling sideways: %s', async (hash) => {
      await internet.dig('www.example.com');
      const page = await open(hash, {
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      });
      await page.locator('#tile-rate, .entry, .walk-svg').first().waitFor();
      if (hash === '') await page.locator('#servers .badge').first().waitFor();
      expect(await probe<number>(page, 'width()')).toBe(360);
    });

    it('finds names for whatever can be used', async () => {
      const page = await open('#/trace/www.example.com/A');
      await page.locator('.walk-svg').waitFor();
      for (const view of ['overview', 'cache', 'trace']) {
        await page.locator(`nav a[data-view=${view}]`).click();
        const nameless = await probe<string[]>(page, 'nameless()');
        expect(nameless).toEqual([]);
      }
    });
  });
});
