/** Puts the program into Node: a single executable application (nodejs.org/api/single-executable-applications.html). */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HEAP_FLAGS, HEAP_MB } from "../../src/cli/start/snapshot-flags.ts";
import { mustRun } from "./run.ts";
import { withoutSignature } from "./unsign.ts";

export interface Parts {
  /** Node of the executable's platform. */
  readonly node: string;
  /** The command that makes the executable: Node of the same version. With a snapshot, it is Node of the executable's platform. */
  readonly maker: readonly string[];
  /** Directory with dist/ and oclif.manifest.json. */
  readonly root: string;
  /** Whether it starts from a snapshot, or loads the program at each start. */
  readonly snapshot: boolean;
}

/** Chance that would end up in the bytes: with another seed, hash tables have another order. A start has seeds of its own. */
const FIXED_SEED = "--random-seed=1";

/** Relative to the root, as what Node is started with is in the snapshot. */
const CONFIGURATION = "dist/executable.json";

/** @param output path of the executable. Names of the assets: src/cli/start/inside.ts reads them. */
export async function makeExecutable(output: string, { node, maker, root, snapshot }: Parts): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "slipway-executable-"));
  try {
    let executable = node;
    if (node.endsWith(".exe")) {
      executable = join(work, "node.exe");
      await writeFile(executable, withoutSignature(await readFile(node)));
    }
    const loadedAtStart = {
      "slipway.cjs": join(root, "dist/slipway.cjs"),
      "oclif.manifest.json": join(root, "oclif.manifest.json"),
    };
    const configuration = {
      // Relative to the root: Node keeps it in the executable, which is to be the same wherever it is made.
      main: snapshot ? "dist/snapshot.cjs" : "dist/executable.cjs",
      useSnapshot: snapshot,
      executable,
      output,
      disableExperimentalSEAWarning: true,
      // NODE_OPTIONS is meant for the user's own programs.
      execArgvExtension: "none",
      assets: {
        "socks.cjs": join(root, "dist/socks.cjs"),
        "bake.cjs": join(root, "dist/bake.cjs"),
        ...(snapshot ? {} : loadedAtStart),
      },
    };
    await writeFile(join(root, CONFIGURATION), JSON.stringify(configuration));
    const [command = "", ...prefix] = maker;
    // A warning has the number of the process in it, and it would be kept.
    const env = { NODE_NO_WARNINGS: "1" };
    const heap = HEAP_FLAGS.map((flag) => `${flag}=${HEAP_MB}`);
    await mustRun(command, [...prefix, FIXED_SEED, ...heap, "--build-sea", CONFIGURATION], {
      cwd: root,
      argv0: "node",
      env,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(join(root, CONFIGURATION), { force: true });
  }
}
