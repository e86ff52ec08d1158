/** Markup as strings, with everything that comes from a machine escaped. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text for an element or an attribute. Control characters stand as their code points. */
export const escaped = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

export const hex = (value: number): string => `0x${value.toString(16)}`;

/** A node of a picture: reached by Tab, named for a screen reader, with its detail for everybody. */
export const node = (name: string, detail: string, content: string, classes = ''): string =>
  `<g class="node ${classes}" tabindex="0" role="img" aria-label="${escaped(`${name}. ${detail}`)}" data-name="${escaped(name)}" data-detail="${escaped(detail)}">${content}</g>`;

export const text = (x: number, y: number, content: string, classes = ''): string =>
  `<text x="${x}" y="${y}" class="${classes}">${escaped(content)}</text>`;

export const rectangle = (x: number, y: number, width: number, height: number, classes: string): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="3" class="${classes}"/>`;

/** @param label what the whole picture is, for a screen reader */
export const picture = (width: number, height: number, label: string, content: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="group" aria-label="${escaped(label)}" xmlns="http://www.w3.org/2000/svg">${content}</svg>`;

/** Cut so that it fits, in characters of about 6 units at the size pictures have. */
export const cut = (content: string, width: number): string => {
  const most = Math.max(4, Math.floor(width / 6.3));
  return content.length > most ? `${content.slice(0, most - 1)}…` : content;
};
