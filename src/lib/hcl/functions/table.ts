/** All functions that expressions may call, by their names. */
import type { FunctionDefinition } from "../function.ts";
import { CIDR } from "./cidr.ts";
import { COLLECTIONS } from "./collections.ts";
import { ENCODING } from "./encoding.ts";
import { FORMAT } from "./format.ts";
import { LAZY } from "./lazy.ts";
import { NUMERIC } from "./numeric.ts";
import { REGEXP } from "./regexp.ts";
import { SEMVER } from "./semver.ts";
import { SETS } from "./sets.ts";
import { TEXT } from "./text.ts";
import { TIME } from "./time.ts";

/** Source of the names: buildx v0.38.2, docs/bake-stdlib.md. */
export const STANDARD_FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries({
    ...CIDR,
    ...COLLECTIONS,
    ...ENCODING,
    ...FORMAT,
    ...LAZY,
    ...NUMERIC,
    ...REGEXP,
    ...SEMVER,
    ...SETS,
    ...TEXT,
    ...TIME,
  }).sort(([left], [right]) => (left < right ? -1 : 1)),
);
