/** Expressions that are evaluated in the page. */

/** How far the page is wider than its window, in pixels. */
export const OVERFLOW = 'Math.max(0, document.documentElement.scrollWidth - innerWidth)';

/** Every text that can be seen, with the contrast between it and what is painted behind it (WCAG 2.2, 1.4.3). */
export const CONTRASTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const isOpaque = (color) => color !== 'none' && color !== 'transparent' && (channels(color)[3] ?? 1) > 0.99 && channels(color).length > 2;
  const luminance = (color) => channels(color).slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const paintOf = (element) => {
    const style = getComputedStyle(element);
    return element instanceof SVGGeometryElement ? style.fill : style.backgroundColor;
  };
  const found = [];
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const element = text.parentElement;
    if (text.textContent.trim() === '' || !element.checkVisibility()) continue;
    element.scrollIntoView({ block: 'center' });
    const range = document.createRange();
    range.selectNodeContents(text);
    const [box] = range.getClientRects();
    if (!box) continue;
    const behind = document.elementsFromPoint(box.x + Math.min(4, box.width / 2), box.y + box.height / 2)
      .filter((each) => each !== element && !(each instanceof SVGTextElement))
      .map(paintOf)
      .find(isOpaque) ?? getComputedStyle(document.body).backgroundColor;
    const style = getComputedStyle(element);
    const front = element instanceof SVGElement ? style.fill : style.color;
    const [light, dark] = [luminance(front), luminance(behind)].sort((a, b) => b - a);
    found.push({ text: text.textContent.trim().slice(0, 40), front, behind, contrast: (light + 0.05) / (dark + 0.05) });
  }
  return found;
})()`;

/** Names of all nodes that can be seen, in their order. */
export const NODES =
  "[...document.querySelectorAll('.node')].filter((each) => each.checkVisibility()).map((each) => each.getAttribute('aria-label'))";

/** What has the focus: its name, whether the focus can be seen, and what is said of it. */
export const FOCUSED = `(() => {
  const active = document.activeElement;
  const style = getComputedStyle(active.matches('.node') ? active.firstElementChild : active);
  const isShown = active.matches('.node') ? style.stroke !== 'none' && parseFloat(style.strokeWidth) >= 1.5 : style.outlineStyle !== 'none';
  return {
    id: active.id || active.className.baseVal || active.className,
    name: active.getAttribute('aria-label') ?? active.labels?.[0]?.textContent ?? '',
    isShown,
    detail: document.getElementById('detail').textContent,
  };
})()`;

/** Which step is shown, how many messages and events are not yet, and where the slider is. */
export const MOMENT = `(() => ({
  shown: [...document.querySelectorAll('[data-frame]')].filter((each) => !each.hidden).map((each) => each.dataset.title),
  messages: document.querySelectorAll('.message:not(.later)').length,
  later: document.querySelectorAll('.log li.later').length,
  now: [...document.querySelectorAll('.log li.now')].map((each) => each.textContent),
  hidden: [...document.querySelectorAll('.message.later')].every((each) => getComputedStyle(each).display === 'none'),
  value: Number(document.getElementById('time').value),
  moment: document.getElementById('moment').textContent,
}))()`;
