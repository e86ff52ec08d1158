/** Text for a terminal: made harmless, measured, padded, cut and wrapped. */

/** Control, format, separator and lone surrogate characters: an image's name may hold any of them, and a terminal would obey. */
export const UNPRINTABLE: RegExp = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const COMBINING = /^\p{M}$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Names and messages as one harmless line: what a terminal could obey is shown as its code point. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

const widthOfCharacter = (character: string): number => {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
};

/** Columns a printable text takes. */
export const displayWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
};

/** @returns at most `width` columns, the last of them an ellipsis where something was cut */
export const truncate = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const character of text) {
    used += widthOfCharacter(character);
    if (used > width) break;
    kept += character;
  }
  return `${kept}…`;
};

/** Pads with spaces to `width` columns, on the right or the left. */
export const pad = (text: string, width: number, align: 'left' | 'right' = 'left'): string => {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
};

/** Breaks at spaces into lines of at most `width` columns; a longer word stands alone. Never empty. */
export const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
};
