/** The word that was probably meant. */

/**
 * @param most letters to insert, drop or change for a word to be near
 * @returns the word that takes the fewest, the first of several
 */
export function nearest(word: string, known: Iterable<string>, most: (known: string) => number): string | undefined {
  return [...known]
    .map((candidate) => ({ candidate, off: distance(candidate, word) }))
    .filter(({ candidate, off }) => off <= most(candidate))
    .sort((a, b) => a.off - b.off)[0]?.candidate;
}

/** Number of letters to insert, drop or change; good enough for words of a dozen letters. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.split("").entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split("").entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 3;
}
