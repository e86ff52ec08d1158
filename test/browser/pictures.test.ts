/** The page of `trustlet demo --html` in headless Chromium: at two widths, light and dark, by keyboard alone. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { boot } from '../../lib/emulator-entry.js';
import { storyPage } from '../../lib/pictures/html/page.js';
import { type Story, tellStory } from '../../lib/pictures/story.js';
import { type BrowserEvent, Chromium } from './chromium.js';
import { CONTRASTS, FOCUSED, MOMENT, NODES, OVERFLOW } from './in-page.js';

interface Contrast {
  readonly text: string;
  readonly contrast: number;
}

interface Focus {
  readonly id: string;
  readonly name: string;
  readonly isShown: boolean;
  readonly detail: string;
}

interface Moment {
  readonly shown: readonly string[];
  readonly messages: number;
  readonly later: number;
  readonly hidden: boolean;
  readonly now: readonly string[];
  readonly value: number;
  readonly moment: string;
}

const folder = join(fileURLToPath(new URL('../../../', import.meta.url)), 'build', 'browser');
const SCENARIOS = ['credential-guard', 'plain'] as const;
const WIDTHS = [360, 1280] as const;
const SCHEMES = ['light', 'dark'] as const;
/** WCAG 2.2, level AA. */
const LEAST_CONTRAST = 4.5;

const isTrouble = ({ method, params }: BrowserEvent): boolean =>
  method === 'Runtime.exceptionThrown' ||
  method === 'Log.entryAdded' ||
  (method === 'Runtime.consoleAPICalled' && params['type'] !== 'log');

const requestsOf = (events: readonly BrowserEvent[]): readonly string[] =>
  events
    .filter(({ method }) => method === 'Network.requestWillBeSent')
    .map(({ params }) => (params['request'] as { readonly url: string }).url)
    .filter((url) => !url.startsWith('data:'));

describe('the page of pictures', { timeout: 120_000 }, () => {
  const urls = new Map<string, string>();
  const stories = new Map<string, Story>();
  let browser: Chromium;

  before(async () => {
    mkdirSync(folder, { recursive: true });
    for (const scenario of SCENARIOS) {
      const story = tellStory(boot(scenario));
      const path = join(folder, `${scenario}.html`);
      writeFileSync(path, storyPage(story));
      stories.set(scenario, story);
      urls.set(scenario, pathToFileURL(path).href);
    }
    browser = await Chromium.start();
  });
  after(() => browser.close());

  const visit = async (scenario: string, width: number, scheme: string): Promise<readonly BrowserEvent[]> => {
    await browser.send('Emulation.setDeviceMetricsOverride', {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    const url = urls.get(scenario);
    assert.ok(url !== undefined);
    return browser.visit(url);
  };

  for (const scenario of SCENARIOS) {
    for (const width of WIDTHS) {
      for (const scheme of SCHEMES) {
        test(`${scenario}, ${width} pixels, ${scheme}: no error, nothing loaded, nothing cut off, every text legible`, async () => {
          const events = await visit(scenario, width, scheme);
          assert.deepEqual(events.filter(isTrouble), []);
          assert.deepEqual(requestsOf(events), [urls.get(scenario)]);
          assert.equal(await browser.evaluate<number>(OVERFLOW), 0);
          const { data } = await browser.send('Page.captureScreenshot', { captureBeyondViewport: true });
          writeFileSync(join(folder, `${scenario}-${width}-${scheme}.png`), Buffer.from(data as string, 'base64'));
          const contrasts = await browser.evaluate<readonly Contrast[]>(CONTRASTS);
          assert.ok(contrasts.length > 30);
          assert.deepEqual(
            contrasts.filter(({ contrast }) => contrast < LEAST_CONTRAST),
            [],
          );
        });
      }
    }

    test(`${scenario}: Tab reaches every node of every picture, shows where it is, and tells what it is`, async () => {
      await visit(scenario, 1280, 'light');
      const nodes = await browser.evaluate<readonly string[]>(NODES);
      assert.ok(nodes.length > 10);
      const reached: string[] = [];
      for (let steps = 0; steps < nodes.length + 5; steps += 1) {
        await browser.press('Tab');
        const focus = await browser.evaluate<Focus>(FOCUSED);
        if (focus.id === '' || reached.length === nodes.length) break;
        assert.ok(focus.isShown, `the focus on ${focus.name} cannot be seen`);
        assert.notEqual(focus.name, '');
        if (!focus.id.startsWith('node')) continue;
        reached.push(focus.name);
        assert.equal(focus.detail, focus.name);
      }
      assert.deepEqual(reached, nodes);
    });
  }

  test('the slider goes through time by its arrow keys: step, messages and log are those of the moment', async () => {
    await visit('credential-guard', 1280, 'dark');
    const story = stories.get('credential-guard');
    await browser.evaluate("document.getElementById('time').focus()");
    const end = await browser.evaluate<Moment>(MOMENT);
    assert.deepEqual(end.shown, [story?.frames.at(-1)?.title]);
    assert.equal(end.later, 0);
    await browser.press('Home');
    const start = await browser.evaluate<Moment>(MOMENT);
    assert.deepEqual([start.shown, start.messages, start.hidden, start.value], [['The machine is up'], 0, true, 0]);
    assert.equal(start.now.length, 1);
    assert.ok(start.now[0]?.startsWith(story?.events[0]?.text ?? '-'));
    const seen: string[] = [...start.shown];
    for (let position = 1; position <= end.value; position += 1) {
      await browser.press('ArrowRight');
      const { shown, value, moment } = await browser.evaluate<Moment>(MOMENT);
      assert.equal(value, position);
      assert.equal(shown.length, 1);
      assert.ok(moment.endsWith(shown[0] ?? '-'));
      if (seen.at(-1) !== shown[0]) seen.push(...shown);
    }
    assert.deepEqual(
      seen,
      story?.frames.map(({ title }) => title),
    );
    await browser.press('ArrowLeft');
    assert.equal((await browser.evaluate<Moment>(MOMENT)).value, end.value - 1);
  });

  test('its policy lets no other script run', async () => {
    await visit('plain', 1280, 'light');
    await browser.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))",
    );
    assert.equal(await browser.evaluate<boolean>('window.ran === true'), false);
  });
});
