import { InternalError, SlipwayError } from "../../errors.ts";

/** A failure taken apart, for whichever view has to show it. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly suggestions: readonly string[];
  /** Why, outermost first. Only for a fault of slipway's own: what a user can mend is said by the message. */
  readonly causes: readonly string[];
  /** Stack frames, under the same condition. */
  readonly frames: readonly string[];
}

/** Deeper than any real chain, short enough for one that goes in a circle. */
const CAUSE_LIMIT = 8;

const REPORT = "This is a fault of slipway itself: please report it with the lines above.";

/** Take apart whatever was thrown. */
export function describeFailure(error: unknown): Failure {
  const known = error instanceof SlipwayError && !(error instanceof InternalError);
  if (known) {
    return { name: error.name, message: error.message, suggestions: error.suggestions, causes: [], frames: [] };
  }
  return {
    name: error instanceof Error ? error.name : "Error",
    message: messageOf(error),
    suggestions: [...(error instanceof SlipwayError ? error.suggestions : []), REPORT],
    causes: causesOf(error),
    frames: framesOf(error),
  };
}

/** The lines of a failure as the line-based views print them. */
export function failureLines(error: unknown): string[] {
  const failure = describeFailure(error);
  return [
    ...`ERROR: ${failure.message}`.split("\n"),
    ...failure.causes.flatMap((cause) => `  caused by: ${cause}`.split("\n")),
    ...failure.frames.map((frame) => `    ${frame}`),
    ...suggestionLines(failure.suggestions),
  ];
}

/** Remedies, one line each, under the sentence they belong to. */
export function suggestionLines(suggestions: readonly string[]): string[] {
  return suggestions.flatMap((suggestion) => `  - ${suggestion}`.split("\n"));
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  // A refused connection to a host of several addresses says nothing itself, only its parts do.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error.name;
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && cause !== null && causes.length < CAUSE_LIMIT) {
    causes.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function framesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const lines = (error.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line.startsWith("at "));
}
