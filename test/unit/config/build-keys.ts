import Build from "../../../src/commands/build.ts";
import { keysOf } from "../../../src/config/keys.ts";
import type { Keys } from "../../../src/config/keys.ts";

/** Those of the command itself. */
export const BUILD_KEYS: Keys = keysOf(Build.flags);
