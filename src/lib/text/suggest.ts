/** Finds the word that a user probably meant. */

/** For `nearest`: at most about one letter of three differs. */
export function aThirdOf(word: string): number {
  return Math.floor((word.length + 1) / 3);
}

/**
 * @param most the largest number of edits (letters to insert, drop or change) at which a known word counts as near
 * @returns the known word with the fewest edits, the first of several; undefined if none is near
 */
export function nearest(word: string, known: Iterable<string>, most: (known: string) => number): string | undefined {
  return (
    [...known]
      // The difference in length is a lower bound for the edits, so a word of a megabyte is not compared.
      .filter((candidate) => Math.abs(candidate.length - word.length) <= most(candidate))
      .map((candidate) => ({ candidate, edits: editsBetween(candidate, word) }))
      .filter(({ candidate, edits }) => edits <= most(candidate))
      .toSorted((a, b) => a.edits - b.edits)[0]?.candidate
  );
}

/** The Levenshtein distance: the number of letters to insert, drop or change to turn one word into the other. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
