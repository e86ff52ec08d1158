/** What is told of many samples: the median, the middle half, and how a time grows with a size. Pure. */

export interface Summary {
  readonly median: number;
  /** A quarter of the samples is at most this. */
  readonly p25: number;
  readonly p75: number;
}

/** Between the two nearest samples, as R's type 7 and numpy do. */
const quantile = (sorted: readonly number[], part: number): number => {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
};

export const summarize = (samples: readonly number[]): Summary => {
  const sorted = samples.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p25: quantile(sorted, 0.25), p75: quantile(sorted, 0.75) };
};

/** Round by round: samples of the same round saw the same machine. */
export const paired = (
  samples: readonly number[],
  base: readonly number[],
  combine: (sample: number, other: number) => number,
): Summary => summarize(samples.map((sample, round) => combine(sample, base[round] ?? Number.NaN)));

/** The exponent k of time = c · size^k, by least squares over the logarithms; 1 is linear. */
export const exponent = (points: readonly { readonly size: number; readonly time: number }[]): number => {
  const logs = points.map(({ size, time }) => ({ x: Math.log(size), y: Math.log(time) }));
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const slope = logs.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return slope / logs.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
};
