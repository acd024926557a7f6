/** The word that was probably meant. */
import { editsBetween } from "../edits.ts";

/**
 * @param most letters to insert, drop or change for a word to be near
 * @returns the word that takes the fewest, the first of several
 */
export function nearest(word: string, known: Iterable<string>, most: (known: string) => number): string | undefined {
  return [...known]
    .map((candidate) => ({ candidate, off: editsBetween(candidate, word) }))
    .filter(({ candidate, off }) => off <= most(candidate))
    .sort((a, b) => a.off - b.off)[0]?.candidate;
}
