/** The exit codes of the process. Only this room knows them: the other rooms throw errors of a kind. */
import { SlipwayError } from "../errors.ts";
import type { ErrorKind } from "../errors.ts";

/** `slipway build --help` prints them, and a test checks that. 124, 125 and 130 are the codes of timeout(1), docker(1) and the shell. */
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

/** The exit code for any thrown value. A value that is not a SlipwayError is a fault of slipway. */
export function exitCodeOf(error: unknown): ExitCode {
  return EXIT_OF[error instanceof SlipwayError ? error.kind : "internal"];
}
