/** The values of docker's flags as the command line gives them, derived from the table of flags. */
import type { FlagRow } from "./flag-row.ts";
import type { DockerFlagName, FLAG_TABLE } from "./flag-table.ts";

type ValueOf<A extends FlagRow["arity"]> = A extends "nothing"
  ? boolean
  : A extends "values"
    ? string[]
    : string | undefined;

/** One property for each flag of docker's, named as the flag is. An absent property means that the flag was not given. */
export type TypedFlags = { [K in DockerFlagName]?: ValueOf<(typeof FLAG_TABLE)[K]["arity"]> };
