/**
 * What can go wrong, as values: each class carries the exit code a script reads and the remedy a person reads.
 * The message is one sentence saying what happened, to what; `suggestions` say what to do about it.
 */

/** Exit codes, printed by `slipway build --help` and held by a test. 124, 125 and 130 are those of timeout(1), docker(1) and the shell. */
export const EXIT = {
  built: 0,
  buildFailed: 1,
  cluster: 3,
  unauthorised: 4,
  timedOut: 124,
  usage: 125,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorDetails {
  /** What to do about it, one remedy each, imperative mood. */
  suggestions?: readonly string[];
  cause?: unknown;
}

export abstract class SlipwayError extends Error {
  abstract readonly exit: ExitCode;
  readonly suggestions: readonly string[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.suggestions = details.suggestions ?? [];
  }
}

/** Its message as a part of another sentence: without the full stop that texts of others bring along. */
export function clauseOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

/** The command line, a file it names or the configuration is wrong. Nothing was created. */
export class UsageError extends SlipwayError {
  readonly exit: ExitCode = EXIT.usage;
}

/** Docker refuses it as well, and ends with 1, as for a build that fails: so does slipway, and no script can tell who refused. */
export class Refused extends UsageError {
  override readonly exit = EXIT.buildFailed;
}

/** The chosen builder cannot do what was asked; another may. */
export class BuilderUnable extends UsageError {
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
  readonly exit = EXIT.buildFailed;
}

/** The cluster refused, failed or cannot be reached. */
export class ClusterError extends SlipwayError {
  readonly exit = EXIT.cluster;
}

/** The cluster or the registry does not accept who we are, or what we may do. */
export class AuthError extends SlipwayError {
  readonly exit = EXIT.unauthorised;
}

/** A deadline of the user's or the Job's passed. */
export class TimedOut extends SlipwayError {
  readonly exit = EXIT.timedOut;
}

/** The user stopped it. */
export class Interrupted extends SlipwayError {
  readonly exit = EXIT.interrupted;
}

/** Slipway itself is at fault: a state that should not exist. Shown with its stack, as it is worth a report. */
export class InternalError extends SlipwayError {
  readonly exit = EXIT.usage;
}
