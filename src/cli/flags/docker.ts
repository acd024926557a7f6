/** The flags of `slipway build` that are docker's: made for the command-line parser from the table of docker's flags. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { repeatable } from "./shared.ts";
import type { FlagRow } from "../../plan/docker/flag-row.ts";
import { FLAG_TABLE } from "../../plan/docker/flag-table.ts";
import type { DockerFlagName } from "../../plan/docker/flag-table.ts";
import type { BuildRequest } from "../../plan/request.ts";

type ParsedBy<A extends FlagRow["arity"]> = A extends "nothing"
  ? Interfaces.BooleanFlag<boolean>
  : A extends "values"
    ? Interfaces.OptionFlag<string[]>
    : Interfaces.OptionFlag<string | undefined>;

export type DockerFlags = { [K in DockerFlagName]: ParsedBy<(typeof FLAG_TABLE)[K]["arity"]> };

export type DockerFlagValues = Interfaces.InferredFlags<DockerFlags>;

/** Flags of docker's that slipway has too, and that the command defines itself. */
type Own = "builder" | "progress";

export function dockerFlags(): Omit<DockerFlags, Own> {
  const rows = Object.entries(FLAG_TABLE).filter(([name]) => name !== "builder" && name !== "progress");
  return Object.fromEntries(rows.map(([name, row]) => [name, flagOf(row)])) as unknown as Omit<DockerFlags, Own>;
}

function flagOf(row: FlagRow): unknown {
  const common = {
    ...(row.char === undefined ? {} : { char: row.char as "f" }),
    // The help omits what no builder can do; the page on docker's compatibility lists it.
    ...(row.help === undefined || row.slipway.kind === "refused" ? { hidden: true } : { description: row.help }),
  };
  if (row.arity === "nothing") return Flags.boolean(common);
  const valued = { ...common, ...omitUndefined({ helpValue: row.value }) };
  return row.arity === "value" ? Flags.string(valued) : repeatable(valued);
}

export function dockerRequest(
  flags: DockerFlagValues,
): Pick<BuildRequest, "file" | "tags" | "buildArgs" | "target" | "labels" | "noCache" | "docker"> {
  return omitUndefined({
    file: flags.file,
    tags: flags.tag,
    buildArgs: flags["build-arg"],
    target: flags.target,
    labels: flags.label,
    noCache: flags["no-cache"],
    docker: flags,
  });
}
