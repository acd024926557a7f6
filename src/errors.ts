/**
 * Errors as values. The message is one sentence: what happened, and to what. `suggestions` say what to do about it.
 * Code reads an error's class and fields, never its message.
 */

/** The kinds of error that scripts can tell apart by the exit code. */
export type ErrorKind =
  /** The input is wrong, and docker refuses it too. */
  | "invalid-for-docker"
  /** The input is wrong only for slipway, or it cannot be parsed as flags. */
  | "invalid"
  /** The user's build failed, not slipway or the cluster. */
  | "build"
  | "cluster"
  | "unauthorised"
  | "timed-out"
  | "interrupted"
  /** Slipway's own fault. */
  | "internal";

export interface ErrorDetails {
  /** Remedies, one instruction each. */
  suggestions?: readonly string[];
  /** The line of the Dockerfile that it is about, from 1. */
  line?: number | undefined;
  /** The Dockerfile's lines around it, to be printed above the message. */
  excerpt?: readonly string[] | undefined;
  cause?: unknown;
}

export abstract class SlipwayError extends Error {
  abstract readonly kind: ErrorKind;
  readonly suggestions: readonly string[];
  /** The line of the Dockerfile that it is about, from 1. */
  readonly line?: number;
  /** The Dockerfile's lines around it, to be printed above the message. */
  readonly excerpt?: readonly string[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.suggestions = details.suggestions ?? [];
    if (details.line !== undefined) this.line = details.line;
    if (details.excerpt !== undefined) this.excerpt = details.excerpt;
  }
}

/** An error's message as a part of another sentence: without the full stop that external texts end with. */
export function clauseOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

/** Docker's reaction to the same input. If docker refuses it, docker and slipway exit with 1, so that scripts work with both. */
export type DockersVerdict = "refuses" | "accepts";

export interface InputDetails extends ErrorDetails {
  /** Default "accepts", which is also right for flags and files that docker does not have. */
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

/** The chosen builder cannot do what was asked; another builder may. */
export class BuilderUnable extends InvalidInput {
  /** What it cannot do, without the Dockerfile's line. */
  readonly reason: string;

  /** @param line of the Dockerfile that asks for it, from 1; undefined if the command line does */
  constructor(reason: string, details?: ErrorDetails, line?: number) {
    super(line === undefined ? reason : `Dockerfile line ${line}: ${reason}`, { ...details, line });
    this.reason = reason;
  }
}

/** The Dockerfile, a RUN in it, or the push failed: the user's build, not slipway or the cluster. */
export class BuildFailed extends SlipwayError {
  readonly kind = "build";
}

/** The cluster refused, failed or cannot be reached. */
export class ClusterError extends SlipwayError {
  readonly kind = "cluster";
}

/** The cluster or the registry does not accept the credentials, or does not allow the action. */
export class AuthError extends SlipwayError {
  readonly kind = "unauthorised";
}

/** A deadline of the user or of the Job has passed. */
export class TimedOut extends SlipwayError {
  readonly kind = "timed-out";
}

/** The user stopped it. */
export class Interrupted extends SlipwayError {
  readonly kind = "interrupted";
}

/** Somebody ended this build in the cluster with `slipway cancel`. This client was not stopped. */
export class Cancelled extends SlipwayError {
  readonly kind = "interrupted";
}

/** A fault of slipway itself: a state that should not exist. It is shown with its stack, because it should be reported. */
export class InternalError extends SlipwayError {
  readonly kind = "internal";
}
