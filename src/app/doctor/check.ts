/** The result of one check of the doctor. */
import { SlipwayError, clauseOf } from "../../errors.ts";
import type { ErrorKind } from "../../errors.ts";

export type CheckStatus =
  | "ok"
  /** A build would fail. */
  | "fail"
  /** A build works without it, at a cost that the message names. */
  | "warn"
  /** Not checked; the message says why. */
  | "skip";

export interface Check {
  /** What was checked, in one or two words. */
  readonly name: string;
  readonly status: CheckStatus;
  /** One sentence, without a full stop. */
  readonly message: string;
  /** What to do about it, one remedy each. */
  readonly suggestions: readonly string[];
  /** For "fail": the kind of error that a build would end with. */
  readonly kind?: ErrorKind;
}

export function ok(name: string, message: string): Check {
  return { name, status: "ok", message, suggestions: [] };
}

export function skip(name: string, message: string): Check {
  return { name, status: "skip", message, suggestions: [] };
}

export function warn(name: string, message: string, suggestions: readonly string[] = []): Check {
  return { name, status: "warn", message, suggestions };
}

/** A check that failed with an error. @throws the error if it is not a SlipwayError. */
export function failed(name: string, error: unknown): Check {
  if (!(error instanceof SlipwayError)) throw error;
  return { name, status: "fail", message: clauseOf(error), suggestions: error.suggestions, kind: error.kind };
}
