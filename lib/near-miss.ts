/** The name somebody probably meant. */

/** Edits (insert, remove, replace one character, swap two neighbours) between two words. */
const distance = (left: string, right: string): number => {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
};

/** Longer words are not compared: nobody mistypes a paragraph for a name. */
const LONGEST = 64;

/**
 * @param word what was written
 * @param names what could have been meant
 * @returns the closest of the names, undefined where none is close (a third of its letters may differ)
 */
export const nearMiss = (word: string, names: Iterable<string>): string | undefined => {
  if (word.length > LONGEST) return undefined;
  const folded = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const found = distance(folded, name.toLowerCase());
    if (found < bestDistance) {
      best = name;
      bestDistance = found;
    }
  }
  return best;
};

/** ` Did you mean 'x'?`, or nothing. */
export const hintFor = (word: string, names: Iterable<string>): string => {
  const meant = nearMiss(word, names);
  return meant === undefined ? '' : ` Did you mean '${meant}'?`;
};

/** @returns up to `most` of the names that are close, the closest first */
export const nearMisses = (word: string, names: readonly string[], most: number): readonly string[] => {
  const found: string[] = [];
  for (let left = most; left > 0; left -= 1) {
    const next = nearMiss(
      word,
      names.filter((name) => !found.includes(name)),
    );
    if (next === undefined) return found;
    found.push(next);
  }
  return found;
};
