/** The types of docker's flags on the command line, derived from the table of flags. */
import type { FlagRow } from "./flag-row.ts";
import type { DockerFlagName, FLAG_TABLE } from "./flag-table.ts";

type ValueOf<A extends FlagRow["arity"]> = A extends "nothing"
  ? boolean
  : A extends "values"
    ? string[]
    : string | undefined;

/** One property for each of docker's flags, with the name of the flag. Absent: the flag was not given. */
export type TypedFlags = { [K in DockerFlagName]?: ValueOf<(typeof FLAG_TABLE)[K]["arity"]> };
