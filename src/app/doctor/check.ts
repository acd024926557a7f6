/** One thing that was looked at before a build, and what came of it. */
import { SlipwayError, clauseOf } from "../../errors.ts";
import type { ErrorKind } from "../../errors.ts";

export type CheckStatus =
  | "ok"
  /** A build would fail by it. */
  | "fail"
  /** A build may go without it, at a price that the message tells. */
  | "warn"
  /** Not looked at; the message says why. */
  | "skip";

export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string;
  readonly status: CheckStatus;
  /** One sentence, without a full stop. */
  readonly message: string;
  /** What to do about it, one remedy each. */
  readonly suggestions: readonly string[];
  /** Of a failed one: what a build would fail by. */
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

/** A check that failed by an error. @throws the error when it is none of what may be expected to go wrong. */
export function failed(name: string, error: unknown): Check {
  if (!(error instanceof SlipwayError)) throw error;
  return { name, status: "fail", message: clauseOf(error), suggestions: error.suggestions, kind: error.kind };
}
