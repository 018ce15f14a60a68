import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
import { CHROMIUM_ARGS, findChromium } from '../support/chromium.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** A story stands within a second; the rest is for a machine that is busy with something else. */
const SETTLE_LIMIT_MS = 10_000;

/** Every story fits into it. */
const VIEWPORT = { width: 800, height: 760 };

/** Elements that promise not to move what stands below them. */
const KEEPS_ITS_PLACE = ['chat-box', 'usage-chart', 'usage-logs-table'];

/** Both in full and for pictures; the suite itself, which has little time, looks at dark. */
const SCHEMES =
  process.env.LIVELIT_FULL || process.env.STORY_SHOTS ? (['light', 'dark'] as const) : (['dark'] as const);

/** A folder for a PNG of every story, in light and in dark. */
const SHOTS = process.env.STORY_SHOTS;

const AXE = read('node_modules/axe-core/axe.min.js');

interface Listed {
  readonly address: string;
  readonly tag: string;
  readonly states: readonly string[];
}

interface Declaration {
  readonly tagName?: string;
  readonly cssStates?: readonly { readonly name: string }[];
  readonly cssParts?: readonly { readonly name: string }[];
}

interface Manifest {
  readonly modules: readonly { readonly declarations: readonly Declaration[] }[];
}

/** The states and parts that each element has, by tag. */
const elements = new Map(
  (JSON.parse(read('custom-elements.json')) as Manifest).modules
    .flatMap(({ declarations }) => declarations)
    .flatMap(({ tagName, cssStates = [], cssParts = [] }) => {
      const names = { states: cssStates.map(({ name }) => name), parts: cssParts.map(({ name }) => name) };
      return tagName ? [[tagName, names]] : [];
    }),
);

/** What the stories have shown of it. */
const seen = new Map([...elements.keys()].map((tag) => [tag, { states: new Set<string>(), parts: new Set<string>() }]));

// Built, not served file by file: over a hundred pages load in a third of the time.
const folder = await mkdtemp(join(tmpdir(), 'livelit-stories-'));
const config = {
  configFile: join(ROOT, 'stories/vite.config.ts'),
  logLevel: 'error',
  build: { outDir: folder },
} as const;
await build(config);
const server = await preview({ ...config, preview: { port: 0 } });
const url = server.resolvedUrls!.local[0]!;
const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
after(async () => {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
});
const listed = await list();

describe('stories', { concurrency: 2 }, () => {
  for (const colorScheme of SCHEMES) {
    describe(`in ${colorScheme}`, { concurrency: 1 }, () => {
      let page: Page;
      let errors: string[];

      before(async () => {
        // A context each: the two have storage of their own. What still fades in has not the contrast that it will have.
        const context = await browser.newContext({ colorScheme, viewport: VIEWPORT, reducedMotion: 'reduce' });
        page = await context.newPage();
        page.on('pageerror', (error) => errors.push(String(error)));
        page.on('console', (message) => {
          if (message.type() === 'error') errors.push(message.text());
        });
      });

      const open = async (query: string, landmark: string) => {
        errors = [];
        await page.goto(url + query);
        await page.locator(landmark).first().waitFor({ state: 'attached', timeout: SETTLE_LIMIT_MS });
      };

      it('lists them', async () => {
        await open('', 'nav a');
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(errors, []);
      });

      for (const { address, tag, states } of listed) {
        it(`${address} is ${states.join(' and ')}`, async () => {
          const settled = open(`?story=${address}`, 'html[data-settled]');
          // What went wrong says more than that it took too long.
          await settled.catch(() => undefined);
          if (SHOTS) await photograph(page, address, colorScheme);
          assert.deepEqual(errors, []);
          assert.deepEqual(await look(page, tag), states.toSorted());
          await settled;
          assert.deepEqual(await violations(page), []);
          if (tag === 'usage-chart') assert.ok(await painted(page), 'nothing is drawn');
          const { first, last, overflow } = await measure(page, tag);
          // A banner that has nothing to say yet may have none at first.
          assert.ok(last.width > 0 && last.height > 0, 'the element has no size');
          assert.deepEqual(overflow, [0, 0], 'the page scrolls, though all of it fits');
          if (KEEPS_ITS_PLACE.includes(tag)) assert.equal(last.below, first.below, 'what stands below has moved');
          assert.deepEqual(errors, []);
        });
      }
    });
  }
});

describe('the stories of', () => {
  for (const [tag, { states, parts }] of elements) {
    it(`<${tag}> show all its states and parts`, () => {
      const shown = seen.get(tag)!;
      assert.deepEqual(
        states.filter((state) => !shown.states.has(state)),
        [],
      );
      assert.deepEqual(
        parts.filter((part) => !shown.parts.has(part)),
        [],
      );
    });
  }
});

/** The stories, as the page lists them. */
async function list(): Promise<readonly Listed[]> {
  const page = await browser.newPage();
  await page.goto(url);
  const links = page.locator('nav a');
  await links.first().waitFor();
  const stories = await links.evaluateAll((all) =>
    all.map((link) => {
      const { story: address = '', states = '' } = (link as HTMLElement).dataset;
      return { address, tag: address.split('/')[0]!, states: states.split(' ') };
    }),
  );
  await page.close();
  return stories;
}

/** The states that an element is in, and the parts that it shows. */
async function look(page: Page, tag: string) {
  const element = page.locator(tag).first();
  const words = elements.get(tag)!.states;
  const found = await element.evaluate((host, all) => {
    const states = all.filter((word) => host.matches(`:state(${word})`));
    const parts = [...host.shadowRoot!.querySelectorAll('[part]')].flatMap((each) => [...each.part]);
    return { states, parts };
  }, words);
  for (const state of found.states) seen.get(tag)!.states.add(state);
  for (const part of found.parts) seen.get(tag)!.parts.add(part);
  return found.states.toSorted();
}

/** What axe finds, a line each. The rules that are off are about whole pages, with landmarks. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const off = { enabled: false };
    const rules = { region: off, 'page-has-heading-one': off, 'landmark-one-main': off };
    const found = await axe.run({ rules });
    return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.flat().join(' ')}`));
  });
}

/** The element and what stands below it, before any data was known and now; and by how much the page is too large. */
function measure(page: Page, tag: string) {
  const element = page.locator(tag).first();
  return element.evaluate((host) => {
    const { width, height } = host.getBoundingClientRect();
    const below = document.querySelector('main')!.getBoundingClientRect().bottom;
    const last = { width, height, below };
    const { dataset, scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    const first = JSON.parse(dataset.first!) as typeof last;
    return { first, last, overflow: [scrollWidth - clientWidth, scrollHeight - clientHeight] };
  });
}

/** Whether the drawing has a colour of its legend; without a legend, whether there is any drawing. */
function painted(page: Page): Promise<boolean> {
  const chart = page.locator('usage-chart').first();
  return chart.evaluate((host) => {
    const canvas = host.shadowRoot!.querySelector('canvas')!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const pixels = new Set<string>();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255) pixels.add(`rgb(${data.slice(at, at + 3).join(', ')})`);
    }
    const swatches = [...host.shadowRoot!.querySelectorAll('.swatch')];
    const colours = swatches.map((swatch) => getComputedStyle(swatch).backgroundColor);
    return colours.length ? colours.some((colour) => pixels.has(colour)) : pixels.size > 0;
  });
}

async function photograph(page: Page, address: string, colorScheme: string): Promise<void> {
  mkdirSync(SHOTS!, { recursive: true });
  await page.screenshot({ path: join(SHOTS!, `${address.replace('/', '.')}.${colorScheme}.png`), fullPage: true });
}
