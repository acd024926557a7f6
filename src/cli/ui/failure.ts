import { InternalError, SlipwayError } from "../../errors.ts";
import { tameText, unforgeable } from "../../lib/terminal/output.ts";

/** The parts of a failure, for any view. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly suggestions: readonly string[];
  /** Messages of the causes, outermost first. Only for a fault of slipway: for other errors the message says what to correct. */
  readonly causes: readonly string[];
  /** Stack frames, also only for a fault of slipway. */
  readonly frames: readonly string[];
}

/** More than any real chain has, and a limit for a circular one. */
const MAX_CAUSES = 8;

const REPORT = "This is a bug in slipway: please report it with the lines above.";

/** Describes any thrown value. */
export function describeFailure(error: unknown): Failure {
  const expected = error instanceof SlipwayError && !(error instanceof InternalError);
  if (expected) {
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
    ...furtherLines(`ERROR: ${failure.message}`),
    ...failure.causes.flatMap((cause) => furtherLines(`  caused by: ${cause}`)),
    ...failure.frames.map((frame) => `    ${frame}`),
    ...suggestionLines(failure.suggestions),
  ];
}

/** One line for each remedy, to print below the error. */
export function suggestionLines(suggestions: readonly string[]): string[] {
  return suggestions.flatMap((suggestion) => furtherLines(`  - ${suggestion}`));
}

/** The lines of a text; those after the first cannot be taken for another message. */
function furtherLines(text: string): string[] {
  return text.split("\n").map((line, index) => (index === 0 ? line : unforgeable(line)));
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  // A refused connection to a host with several addresses has no message of its own, only its parts have.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error.name;
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && cause !== null && causes.length < MAX_CAUSES) {
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

/**
 * The Dockerfile's lines around the error, if it is about one of them.
 * @param printed the same as the builder prints it, for a client that does not have the Dockerfile
 */
export function excerptLines(error: unknown, printed: readonly string[] = []): string[] {
  const excerpt = (error instanceof SlipwayError ? error.excerpt : undefined) ?? printed;
  return excerpt.map((line) => unforgeable(tameText(line)));
}
