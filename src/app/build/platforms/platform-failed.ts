import { SlipwayError } from "../../../errors.ts";
import type { ErrorKind } from "../../../errors.ts";

/** The error of one of several platforms, in a sentence that names the platform. */
export class PlatformFailed extends SlipwayError {
  readonly platform: string;
  readonly kind: ErrorKind;

  constructor(platform: string, cause: SlipwayError) {
    const { suggestions, line, excerpt } = cause;
    super(`${platform}: ${cause.message}`, { suggestions, line, excerpt, cause });
    // Views show the name of the error's kind, which is that of the cause.
    this.name = cause.name;
    this.platform = platform;
    this.kind = cause.kind;
  }
}
