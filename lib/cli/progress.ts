/** Signs of life on stderr for what takes longer than a second, or ten where stderr is no terminal. */
import type { CliIo } from './io.js';
import { displayWidth, printable, truncate } from './text.js';

const SECOND = 1000;
/** Between the lines of a log. */
const LOG_INTERVAL = 10 * SECOND;
const REDRAW = 100;
const BAR_COLUMNS = 24;
/** To the first column, and clear the line. */
const CLEAR_LINE = '\r\u001b[K';

const clockOf = ({ now }: Pick<CliIo, 'now'>): (() => number) => now ?? (() => performance.now());

/** Called as work goes on; writes a line at most once a second, and none in the first: ten seconds where stderr is no terminal. */
export type Progress = (done: number, total: number, what: string) => void;

export const progressOn = (io: Pick<CliIo, 'stderr' | 'stderrColumns' | 'now'>): Progress => {
  const now = clockOf(io);
  const interval = io.stderrColumns === undefined ? LOG_INTERVAL : SECOND;
  let last = now();
  return (done, total, what) => {
    const time = now();
    if (time - last < interval) return;
    last = time;
    io.stderr.write(`trustlet: ${done} of ${total} ${what} …\n`);
  };
};

/** One line that is drawn again and again; without a terminal, a new line every ten seconds. */
export interface ProgressBar {
  /**
   * @param fraction of the whole that is done, 0 … 1
   * @param where what is being worked on; its beginning gives way to the terminal's width
   */
  draw(done: number, fraction: number, what: string, where: string): void;
  /** Takes the line away. To be called before anything else is written to the terminal, and at the end. */
  clear(): void;
}

/** The end of a text, where its beginning does not fit. */
const fitting = (text: string, columns: number): string => {
  if (displayWidth(text) <= columns) return text;
  const kept = Array.from(text).slice(-columns);
  while (displayWidth(kept.join('')) > columns - 1) kept.shift();
  return `…${kept.join('')}`;
};

export const progressBarOn = (io: Pick<CliIo, 'stderr' | 'stderrColumns' | 'now'>): ProgressBar => {
  const now = clockOf(io);
  const began = now();
  const columns = io.stderrColumns;
  let last = began;
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) io.stderr.write(CLEAR_LINE);
    isDrawn = false;
  };
  return {
    clear,
    draw: (done, fraction, what, where) => {
      const time = now();
      if (time - began < SECOND || time - last < (columns === undefined ? LOG_INTERVAL : REDRAW)) return;
      last = time;
      const percent = `${Math.floor(fraction * 100)} %`;
      const rate = `${done} ${what}, ${Math.round(done / ((time - began) / SECOND))} a second`;
      if (columns === undefined) {
        io.stderr.write(`trustlet: ${percent}, ${rate} …\n`);
        return;
      }
      const filled = Math.round(fraction * BAR_COLUMNS);
      const head = `[${'#'.repeat(filled)}${'.'.repeat(BAR_COLUMNS - filled)}] ${percent}, ${rate}  `;
      const room = columns - 1 - head.length;
      // A line that the terminal breaks could not be cleared again.
      const line = room > 1 ? `${head}${fitting(printable(where), room)}` : truncate(head, columns - 1);
      io.stderr.write(`${CLEAR_LINE}${line}`);
      isDrawn = true;
    },
  };
};
