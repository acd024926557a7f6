/** What the process ends with. Only the command line's side of the program knows: everything below it throws errors of a kind. */
import { SlipwayError } from "../errors.ts";
import type { ErrorKind } from "../errors.ts";

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

export const EXIT_OF: Readonly<Record<ErrorKind, ExitCode>> = {
  "invalid-for-docker": EXIT.buildFailed,
  invalid: EXIT.usage,
  build: EXIT.buildFailed,
  cluster: EXIT.cluster,
  unauthorised: EXIT.unauthorised,
  "timed-out": EXIT.timedOut,
  interrupted: EXIT.interrupted,
  internal: EXIT.usage,
};

/** The exit code for whatever was thrown: what is none of our errors is a fault of slipway's own. */
export function exitCodeOf(error: unknown): ExitCode {
  return EXIT_OF[error instanceof SlipwayError ? error.kind : "internal"];
}
