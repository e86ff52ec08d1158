/** One page with the whole story: nothing is loaded from anywhere, and nothing but its own style and script may run in it. */
import { createHash } from 'node:crypto';
import type { Frame, Story, StoryEvent } from '../story.js';
import { exchangeDiagram } from './exchange-diagram.js';
import { escaped } from './markup.js';
import { pageClass, pageGrid, pageTable } from './page-grid.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { vtlDiagram } from './vtl-diagram.js';

const allowed = (content: string): string => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

const POLICY = `default-src 'none'; img-src data:; style-src ${allowed(STYLE)}; script-src ${allowed(SCRIPT)}; base-uri 'none'; form-action 'none'`;

const KEY: readonly (readonly [classes: string, text: string])[] = [
  ['open', 'VTL0’s kernel may read and write'],
  ['fixed', 'VTL0’s kernel may read, not write'],
  ['closed', 'VTL1’s: VTL0 may do nothing'],
  ['closed idle', 'VTL1’s, not in use'],
];

const keyItem = ([classes, text]: (typeof KEY)[number]): string =>
  `<li><svg viewBox="0 0 9 9" aria-hidden="true"><path d="M0 0h9v9h-9z" class="${classes}"/></svg>${escaped(text)}</li>`;

/** What the picture has. */
const keyOf = ({ picture }: Frame): readonly (typeof KEY)[number][] => {
  const shown = new Set(picture.pages.map(pageClass));
  return KEY.filter(([classes]) => shown.has(classes));
};

const attackItem = ({ what, outcome, succeeded }: Frame['attacks'][number]): string =>
  `<li>${escaped(what)}: <strong class="${succeeded ? 'done' : 'refused'}">${escaped(outcome)}</strong></li>`;

const attacksOf = ({ attacks }: Frame): string =>
  attacks.length === 0
    ? ''
    : `<p>VTL0’s kernel tries to</p><ul class="attacks">${attacks.map(attackItem).join('')}</ul>`;

const frameSection = (frame: Frame, index: number): string =>
  `<section data-frame="${index}" data-title="${escaped(frame.title)}">
<h2>${escaped(frame.title)}</h2>
<p>${escaped(frame.text)}</p>
${attacksOf(frame)}
<div class="grid">
<div><h3>Who is where</h3>${vtlDiagram(frame.picture)}</div>
<div><h3>Whose the pages are</h3>${pageGrid(frame.picture)}${pageTable(frame.picture)}<ul class="key">${keyOf(frame).map(keyItem).join('')}</ul></div>
</div>
</section>`;

const eventItem = ({ sequence, text, behaviour }: StoryEvent): string =>
  `<li value="${sequence}" data-at="${sequence}">${escaped(text)}${behaviour === null ? '' : ` (${escaped(behaviour)})`}</li>`;

/** The positions of the slider: every event, with the step it belongs to, and every step that left no event. */
const momentsOf = ({ frames, events }: Story): readonly (readonly [frame: number, event: number])[] => {
  let next = events[0]?.sequence ?? 0;
  return frames.flatMap(({ picture }, index) => {
    const from = next;
    next = picture.nextEvent;
    if (from >= next) return [[index, next - 1] as const];
    return Array.from({ length: next - from }, (_, offset) => [index, from + offset] as const);
  });
};

/** @returns the page as HTML, with `lang`, title and viewport; it says that it is emulated */
export const storyPage = (story: Story): string => {
  const { frames, events } = story;
  const last = frames.at(-1);
  const moments = momentsOf(story);
  const title = `Emulated VSM: ${story.title}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(POLICY).replaceAll('&#39;', "'")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="seen">Seen: emulated (scenario ${escaped(story.scenario)}). It shows the documented design at work; nothing here was observed on Windows.</p>
<div class="time">
<label for="time">Time, event by event (the pictures show the machine at the end of the step that the event belongs to)</label>
<input id="time" type="range" min="0" max="${moments.length - 1}" value="${moments.length - 1}" step="1" data-moments="${moments.flat().join(' ')}">
<p id="moment" role="status"></p>
</div>
<p id="detail" class="detail" role="status">Focus or point at anything in a picture: what it is stands here.</p>
${frames.map(frameSection).join('\n')}
<div class="grid">
${last?.picture.hasVtl1 === true ? `<div><h2>What LSASS and LsaIso said</h2>${exchangeDiagram(last.picture)}</div>` : ''}
<div><h2>Event log</h2>
<ol class="log" tabindex="0" aria-label="Event log">${events.map(eventItem).join('')}</ol>
<p class="hint">B and N with a number: the statement that an event shows, a row of docs/behaviours.md.</p></div>
</div>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
};
