/** What must hold of a run whatever the machine, so that a suite can run the bench: not how fast, but that it measures. */
import type { Check, Growth, Measurement } from './results.js';
import { exponent, paired, summarize } from './summary.js';

/** Exponents of size that a census may grow with. */
export interface Band {
  readonly least: number;
  readonly most: number;
}

/** What counts as linear; the driver sorts, which alone makes 1.1 of 100 to 100,000. */
export const LINEAR: Band = { least: 0.75, most: 1.25 };
/** For few rounds on a machine that has other things to do: what grows with the square is found all the same. */
export const NOT_SQUARE: Band = { least: 0.3, most: 1.7 };

const check = (name: string, passed: boolean, detail: string): Check => ({ name, passed, detail });

/** The arithmetic, on numbers whose answers are known. */
const ofTheMethod = (): Check[] => {
  const { median, p25, p75 } = summarize([5, 1, 2, 4, 3]);
  const square = exponent([10, 100, 1000].map((size) => ({ size, time: size * size })));
  const halves = paired([2, 40, 6], [1, 20, 3], (sample, other) => sample / other);
  return [
    check('median and quartiles of 1 to 5', median === 3 && p25 === 2 && p75 === 4, `${p25}, ${median}, ${p75}`),
    check('what grows with the square has exponent 2', Math.abs(square - 2) < 1e-9, String(square)),
    check('ratios are taken round by round', halves.p25 === 2 && halves.p75 === 2, `${halves.p25} to ${halves.p75}`),
  ];
};

/** Every measured call has verified its answers already: a wrong one has ended the run. */
export const timesTold = (measurements: readonly Measurement[]): Check[] =>
  measurements.map(({ group, name, size, median, p25, p75, rounds }) =>
    check(
      `${group}, ${name}, ${size}: answers right, time told`,
      Number.isFinite(median) && median > 0 && p25 <= median && median <= p75,
      `${rounds} rounds`,
    ),
  );

export const checksOf = (
  measurements: readonly Measurement[],
  growth: readonly Growth[],
  band: Band = LINEAR,
): Check[] => [
  ...ofTheMethod(),
  ...timesTold(measurements),
  ...growth.map(({ name, exponent }) =>
    check(
      `census, ${name}: linear`,
      exponent >= band.least && exponent <= band.most,
      `exponent ${exponent.toFixed(2)}; the band is ${band.least} to ${band.most}`,
    ),
  ),
];
