import { SlipwayError } from "../../errors.ts";
import type { ErrorKind } from "../../errors.ts";

/** One of several targets failed: its error, in a sentence that names the target. */
export class TargetFailed extends SlipwayError {
  readonly target: string;
  readonly kind: ErrorKind;

  constructor(target: string, cause: SlipwayError) {
    super(`target ${target}: ${cause.message}`, { suggestions: cause.suggestions, cause });
    // Views name the kind of the fault, and that is the target's.
    this.name = cause.name;
    this.target = target;
    this.kind = cause.kind;
  }
}
