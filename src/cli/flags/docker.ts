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

/** The flags that people use most, in the order in which the help lists them before all others. */
const COMMON: readonly string[] = [
  "tag",
  "file",
  "output",
  "build-arg",
  "target",
  "secret",
  "platform",
  "no-cache",
  "cache-from",
  "cache-to",
  "quiet",
] satisfies DockerFlagName[];

export function dockerFlags(): Omit<DockerFlags, Own> {
  const rows = Object.entries(FLAG_TABLE).filter(([name]) => name !== "builder" && name !== "progress");
  const sorted = rows.toSorted(([a, rowA], [b, rowB]) => rankOf(a, rowA) - rankOf(b, rowB));
  return Object.fromEntries(sorted.map(([name, row]) => [name, flagOf(name, row)])) as unknown as Omit<
    DockerFlags,
    Own
  >;
}

/** Docker's flags that change the pod of a build, and not only what runs in it. test/unit/cli/flags/doctor.test.ts holds the list. */
const POD_FLAGS = [
  "add-host",
  "cpu-period",
  "cpu-quota",
  "cpu-shares",
  "load",
  "memory",
  "output",
  "platform",
  "resource",
  "secret",
  "shm-size",
  "ssh",
] as const satisfies DockerFlagName[];

export type DockerPodFlags = Pick<DockerFlags, (typeof POD_FLAGS)[number]>;

/** The flags of docker's that `doctor` has too. */
export function dockerPodFlags(): DockerPodFlags {
  return Object.fromEntries(
    POD_FLAGS.map((name) => [name, flagOf(name, FLAG_TABLE[name])]),
  ) as unknown as DockerPodFlags;
}

export function dockerPodRequest(flags: Interfaces.InferredFlags<DockerPodFlags>): NonNullable<BuildRequest["docker"]> {
  return omitUndefined(Object.fromEntries(POD_FLAGS.map((name) => [name, flags[name]])));
}

/** After the common flags come those with a short form: oclif aligns a list of flags only if its first one has a short form. */
function rankOf(name: string, { char }: FlagRow): number {
  const rank = COMMON.indexOf(name);
  if (rank !== -1) return rank;
  return char === undefined ? COMMON.length + 1 : COMMON.length;
}

function flagOf(name: string, row: FlagRow): unknown {
  const common = {
    ...(COMMON.includes(name) ? {} : { helpGroup: "DOCKER" }),
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
