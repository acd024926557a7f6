/** Finds the word that a user probably meant. */

/** For `nearest`: at most about one letter of three differs. */
export function aThirdOf(word: string): number {
  return Math.floor((word.length + 1) / 3);
}

/** Comparing takes as many steps as both words have letters, multiplied. A hint for longer words or more of them is not worth that. */
const MAX_WORD_LENGTH = 64;
const MAX_KNOWN = 300;

/**
 * @param most the largest number of edits (letters to insert, drop, change or swap) at which a known word counts as near
 * @returns the known word with the fewest edits, the first of several; undefined if none is near
 */
export function nearest(word: string, known: Iterable<string>, most: (known: string) => number): string | undefined {
  if (word.length > MAX_WORD_LENGTH) return undefined;
  return (
    [...known]
      .slice(0, MAX_KNOWN)
      // The difference in length is a lower bound for the edits, so a word of a megabyte is not compared.
      .filter((candidate) => Math.abs(candidate.length - word.length) <= most(candidate))
      .map((candidate) => ({ candidate, edits: editsBetween(candidate, word) }))
      .filter(({ candidate, edits }) => edits <= most(candidate))
      .toSorted((a, b) => a.edits - b.edits)[0]?.candidate
  );
}

/** The optimal string alignment distance: the number of letters to insert, drop, change, or swap with the next one. */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
