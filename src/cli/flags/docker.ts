/** The flags of `slipway build` that are docker's, for the command-line parser, from the table. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import type { FlagRow } from "../../plan/docker/flag-row.ts";
import { FLAG_TABLE } from "../../plan/docker/flag-table.ts";
import type { DockerFlagName } from "../../plan/docker/flag-table.ts";

type ParsedBy<A extends FlagRow["arity"]> = A extends "nothing"
  ? Interfaces.BooleanFlag<boolean>
  : A extends "values"
    ? Interfaces.OptionFlag<string[]>
    : Interfaces.OptionFlag<string | undefined>;

export type DockerFlags = { [K in DockerFlagName]: ParsedBy<(typeof FLAG_TABLE)[K]["arity"]> };

export type DockerFlagValues = Interfaces.InferredFlags<DockerFlags>;

/** Those the command declares itself, as they are slipway's as well. */
type Own = "builder" | "progress";

export function dockerFlags(): Omit<DockerFlags, Own> {
  const rows = Object.entries(FLAG_TABLE).filter(([name]) => name !== "builder" && name !== "progress");
  return Object.fromEntries(rows.map(([name, row]) => [name, flagOf(row)])) as unknown as Omit<DockerFlags, Own>;
}

/** An empty list is no default a person need read of. */
const noDefault = async (): Promise<undefined> => undefined;

function flagOf(row: FlagRow): unknown {
  const common = {
    ...(row.char === undefined ? {} : { char: row.char as "a" }),
    // What no builder can do is no help to read of; the compatibility page has it.
    ...(row.help === undefined || row.slipway.kind === "refused" ? { hidden: true } : { description: row.help }),
  };
  if (row.arity === "nothing") return Flags.boolean(common);
  const valued = { ...common, ...(row.value === undefined ? {} : { helpValue: row.value }) };
  if (row.arity === "value") return Flags.string(valued);
  return Flags.string({ ...valued, multiple: true, multipleNonGreedy: true, default: [], defaultHelp: noDefault });
}
