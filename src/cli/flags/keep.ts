/** Whether the builder stays for the next build. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { InvalidInput } from "../../errors.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import type { BuildRequest } from "../../plan/request.ts";

export const keepFlags = {
  keep: Flags.string({
    description: "build in a BuildKit of your own that stays for this time after its last build; see `slipway keep`",
    env: "SLIPWAY_KEEP",
    helpGroup: "BUILDER",
    helpValue: "DURATION",
  }),
};

export function keepRequest(flags: Interfaces.InferredFlags<typeof keepFlags>): Pick<BuildRequest, "keep"> {
  return omitUndefined({ keep: flags.keep });
}

/** @throws InvalidInput for --detach together with --keep */
export function checkKeptDetached(keep: string | undefined): void {
  if (keep === undefined) return;
  throw new InvalidInput("--detach cannot go with --keep: a build in a kept builder ends with its client", {
    suggestions: ["Leave out --detach or --keep."],
  });
}
