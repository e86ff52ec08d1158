/** Signs of life on stderr for what takes longer than a second. */
import type { CliIo } from './io.js';

const SECOND = 1000;

/** Called as work goes on; writes a line at most once a second, and none in the first. */
export type Progress = (done: number, total: number, what: string) => void;

export const progressOn = (io: Pick<CliIo, 'stderr' | 'now'>): Progress => {
  const now = io.now ?? (() => performance.now());
  let last = now();
  return (done, total, what) => {
    const time = now();
    if (time - last < SECOND) return;
    last = time;
    io.stderr.write(`trustlet: ${done} of ${total} ${what} …\n`);
  };
};
