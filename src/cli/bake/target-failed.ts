import { SlipwayError } from "../../errors.ts";
import type { ErrorKind } from "../../errors.ts";

/** The error of one of several targets, in a sentence that names the target. */
export class TargetFailed extends SlipwayError {
  readonly target: string;
  readonly kind: ErrorKind;

  constructor(target: string, cause: SlipwayError) {
    super(`target ${target}: ${cause.message}`, { suggestions: cause.suggestions, cause });
    // Views show the name of the error's kind, which is that of the cause.
    this.name = cause.name;
    this.target = target;
    this.kind = cause.kind;
  }
}
