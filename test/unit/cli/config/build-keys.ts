import Build from "../../../../src/cli/commands/build.ts";
import { keysOf } from "../../../../src/cli/config/keys.ts";
import type { Keys } from "../../../../src/cli/config/keys.ts";

/** Those of the command itself. */
export const BUILD_KEYS: Keys = keysOf(Build.flags);
