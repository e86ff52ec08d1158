/** Two texts beside one another, for a person to read. */

const CONTEXT = 2;

/** Length of the longest common subsequence of the lines from each pair of places on. */
const commonFrom = (left: readonly string[], right: readonly string[]): ((i: number, j: number) => number) => {
  const width = right.length + 1;
  const table = new Uint32Array((left.length + 1) * width);
  const at = (i: number, j: number): number => table.at(i * width + j) ?? 0;
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at;
};

/** Every line, with `  ` before what both have, `- ` before what only the first has, `+ ` before what only the second has. */
const markedLines = (left: readonly string[], right: readonly string[]): string[] => {
  const common = commonFrom(left, right);
  const marked: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      marked.push(`  ${left[i]}`);
      i += 1;
      j += 1;
    } else if (j === right.length || (i < left.length && common(i + 1, j) >= common(i, j + 1))) {
      marked.push(`- ${left[i]}`);
      i += 1;
    } else {
      marked.push(`+ ${right[j]}`);
      j += 1;
    }
  }
  return marked;
};

/** @returns the lines that differ, with a few around them and `…` for what is left out; empty where the texts are the same */
export const lineDiff = (before: string, now: string): string => {
  const marked = markedLines(before.split('\n'), now.split('\n'));
  const near = (index: number): boolean =>
    marked.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => !line.startsWith('  '));
  const shown: string[] = [];
  for (const [index, line] of marked.entries()) {
    if (near(index)) shown.push(line);
    else if (shown.length > 0 && shown.at(-1) !== '…') shown.push('…');
  }
  if (shown.at(-1) === '…') shown.pop();
  return shown.join('\n');
};
