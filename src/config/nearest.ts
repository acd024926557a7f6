/** The word a person probably meant. */
import { editsBetween } from "../edits.ts";

/** @returns the word of `known` that takes the fewest edits to reach, if they are few for its length. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { word: string; edits: number } | undefined;
  for (const candidate of known) {
    const edits = editsBetween(word.toLowerCase().replaceAll("_", "-"), candidate);
    if (best === undefined || edits < best.edits) best = { word: candidate, edits };
  }
  return best !== undefined && best.edits <= Math.max(2, Math.ceil(word.length / 3)) ? best.word : undefined;
}
