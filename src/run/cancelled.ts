/** What a Job tells of a build that `slipway cancel` has ended. */
import type { V1Job } from "@kubernetes/client-node";
import { Cancelled } from "../errors.ts";
import { ANNOTATION } from "./labels.ts";

/** Who cancelled the build with `slipway cancel`; undefined if nobody has. "" if the user has no name. */
export function cancelledBy({ metadata }: V1Job): string | undefined {
  return metadata?.annotations?.[ANNOTATION.cancelledBy];
}

/** The user, for a sentence. */
export function cancellerOf(by: string): string {
  return by === "" ? "an unknown user" : by;
}

/** The error of a build that `slipway cancel` has ended. */
export function cancelledError(by: string): Cancelled {
  return new Cancelled(`the build was cancelled by ${cancellerOf(by)}`, {
    suggestions: ["`slipway ps -a` still lists it, until its --ttl expires."],
  });
}
