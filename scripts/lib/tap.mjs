// Counts from node:test's TAP output. A run without the closing summary ended before its end (a crash, a time-out) and is a failure.

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed cancelled tests included
 * @property {number} skipped todo tests included
 * @property {boolean} complete whether the reporter came to its summary
 */

/**
 * @param {string} tap
 * @returns {Counts}
 */
export function countTap(tap) {
  const summary = new Map();
  for (const [, name, value] of tap.matchAll(/^# (tests|pass|fail|cancelled|skipped|todo) (\d+)\r?$/gm)) {
    summary.set(name, Number(value));
  }
  const of = (name) => summary.get(name) ?? 0;
  if (!['tests', 'pass', 'fail', 'cancelled'].every((name) => summary.has(name))) {
    return { passed: 0, failed: 1, skipped: 0, complete: false };
  }
  return {
    passed: of('pass'),
    failed: of('fail') + of('cancelled'),
    skipped: of('skipped') + of('todo'),
    complete: true,
  };
}

/**
 * What tests measured: their comments that begin with a number. The runner's own begin with a word.
 * @param {string} tap
 * @returns {string[]}
 */
export const measuredIn = (tap) => [...tap.matchAll(/^\s*# (\d[\d,]* .*)$/gm)].map(([, sentence]) => sentence);

/**
 * The counts of a program that ends its output with a line `N passed, N failed`, or undefined when it says none.
 * @param {string} output
 * @returns {{ passed: number, failed: number } | undefined}
 */
export function countLastLine(output) {
  const line = output.trimEnd().split(/\r?\n/).at(-1) ?? '';
  const found = /(\d+) passed, (\d+) failed\b/.exec(line);
  return found ? { passed: Number(found[1]), failed: Number(found[2]) } : undefined;
}

/**
 * The failures a spec reporter tells at its end, or its last lines when it did not come that far.
 * @param {string} spec
 * @returns {string}
 */
export function failuresOf(spec) {
  const at = spec.lastIndexOf('failing tests:');
  return at >= 0 ? spec.slice(at) : spec.split('\n').slice(-60).join('\n');
}
