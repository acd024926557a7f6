/**
 * What can go wrong, as values: the message is one sentence saying what happened, to what; `suggestions` say what to do about it.
 * What a program needs to know of an error is in its class and its fields, and never read from its message.
 */

/** What went wrong, as a script tells it by the exit code. */
export type ErrorKind =
  /** The input is wrong, and docker refuses it as well. */
  | "invalid-for-docker"
  /** The input is wrong for slipway only, or cannot even be read as flags. */
  | "invalid"
  /** The user's build failed, not the machinery. */
  | "build"
  | "cluster"
  | "unauthorised"
  | "timed-out"
  | "interrupted"
  /** Slipway's own fault. */
  | "internal";

export interface ErrorDetails {
  /** What to do about it, one remedy each, imperative mood. */
  suggestions?: readonly string[];
  cause?: unknown;
}

export abstract class SlipwayError extends Error {
  abstract readonly kind: ErrorKind;
  readonly suggestions: readonly string[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.suggestions = details.suggestions ?? [];
  }
}

/** An error's message as a part of another sentence: without the full stop that texts of others bring along. */
export function clauseOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

/** What docker makes of the same input: where it refuses it, it ends with 1, and so does slipway, so that no script can tell them apart. */
export type DockersVerdict = "refuses" | "accepts";

export interface InputDetails extends ErrorDetails {
  /** "accepts" when left out: also for flags and files that docker does not have. */
  docker?: DockersVerdict;
}

/** The command line, a file it names or the configuration is wrong. Nothing was created. */
export class InvalidInput extends SlipwayError {
  readonly docker: DockersVerdict;

  constructor(message: string, { docker = "accepts", ...details }: InputDetails = {}) {
    super(message, details);
    this.docker = docker;
  }

  get kind(): "invalid-for-docker" | "invalid" {
    return this.docker === "refuses" ? "invalid-for-docker" : "invalid";
  }
}

/** The chosen builder cannot do what was asked; another may. */
export class BuilderUnable extends InvalidInput {
  /** What it cannot do, without where that is asked for. */
  readonly reason: string;

  /** @param line of the Dockerfile that asks for it, from 1; undefined where the command line does */
  constructor(reason: string, details?: ErrorDetails, line?: number) {
    super(line === undefined ? reason : `Dockerfile line ${line}: ${reason}`, details);
    this.reason = reason;
  }
}

/** The Dockerfile, a RUN in it, or the push failed: the user's build, not the machinery. */
export class BuildFailed extends SlipwayError {
  readonly kind = "build";
}

/** The cluster refused, failed or cannot be reached. */
export class ClusterError extends SlipwayError {
  readonly kind = "cluster";
}

/** The cluster or the registry does not accept who we are, or what we may do. */
export class AuthError extends SlipwayError {
  readonly kind = "unauthorised";
}

/** A deadline of the user's or the Job's passed. */
export class TimedOut extends SlipwayError {
  readonly kind = "timed-out";
}

/** The user stopped it. */
export class Interrupted extends SlipwayError {
  readonly kind = "interrupted";
}

/** Slipway itself is at fault: a state that should not exist. Shown with its stack, as it is worth a report. */
export class InternalError extends SlipwayError {
  readonly kind = "internal";
}
