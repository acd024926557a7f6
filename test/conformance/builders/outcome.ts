/** The outcome of a case with a builder, and whether it is as documented. */
import type { FeatureCase } from "./case.ts";
import { KNOWN } from "./known.ts";

export interface Outcome {
  /**
   * ok: the image, or the failure, is as it has to be; refused: before anything was created, with the reason; differs: another
   * image; fails: the builder could not, which its pod told.
   */
  readonly kind: "ok" | "refused" | "differs" | "fails";
  /** One sentence, or several; none for ok. */
  readonly detail?: string;
}

/** The difference from the documented outcome; undefined if there is none. @param column of the page */
export function surprise(one: FeatureCase, column: string, outcome: Outcome): string | undefined {
  const known = KNOWN[column]?.[one.id];
  if (outcome.kind === "refused") return known === undefined ? undefined : "it is refused now: take it out of known.ts";
  if (outcome.kind === "ok") return known === undefined ? undefined : "it is right now: take it out of known.ts";
  if (known?.kind === outcome.kind) return undefined;
  return `it ${outcome.kind}: ${outcome.detail ?? ""}`;
}
