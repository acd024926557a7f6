/** Puts the program into Node: a single executable application (nodejs.org/api/single-executable-applications.html). */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "./run.ts";
import { withoutSignature } from "./unsign.ts";

export interface Parts {
  /** Node of the executable's platform. */
  readonly node: string;
  /** Node of this machine, of the same version: it makes the executable. */
  readonly maker: string;
  /** Directory with dist/ and oclif.manifest.json. */
  readonly root: string;
  /** Compiled code for that platform, where it can be made on this machine. */
  readonly compiled?: Buffer | undefined;
}

/** @param output path of the executable. Names of the assets: src/cli/start/executable.ts reads them. */
export async function makeExecutable(output: string, { node, maker, root, compiled }: Parts): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "slipway-executable-"));
  try {
    const code = join(work, "slipway.code");
    if (compiled !== undefined) await writeFile(code, compiled);
    let executable = node;
    if (node.endsWith(".exe")) {
      executable = join(work, "node.exe");
      await writeFile(executable, withoutSignature(await readFile(node)));
    }
    const configuration = {
      // Relative to the root: Node keeps it in the executable, which is to be the same wherever it is made.
      main: "dist/executable.cjs",
      executable,
      output,
      disableExperimentalSEAWarning: true,
      // NODE_OPTIONS is meant for the user's own programs.
      execArgvExtension: "none",
      assets: {
        "slipway.cjs": join(root, "dist/slipway.cjs"),
        "socks.cjs": join(root, "dist/socks.cjs"),
        "bake.cjs": join(root, "dist/bake.cjs"),
        "oclif.manifest.json": join(root, "oclif.manifest.json"),
        ...(compiled === undefined ? {} : { "slipway.code": code }),
      },
    };
    const file = join(work, "configuration.json");
    await writeFile(file, JSON.stringify(configuration));
    await mustRun(maker, ["--build-sea", file], { cwd: root });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
