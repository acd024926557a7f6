/** Programs that a release is made or tested with, compiled from Go modules whose versions and hashes tools/NAME pins. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./run.ts";

const PINS = new URL("tools/", import.meta.url).pathname;
const COMPILED = new URL("../../release/tools/", import.meta.url).pathname;
/** sudo and the like leave it out. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/local/go/bin`;

/**
 * Go links again only what has changed.
 *
 * @returns path of the program
 */
export async function compiledTool(name: string, program = name): Promise<string> {
  const output = join(COMPILED, name);
  await mkdir(output, { recursive: true });
  // The go that is installed, never one that would be downloaded.
  const settings = { GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly", GOWORK: "off", CGO_ENABLED: "0", PATH };
  const env = { ...(process.env as Record<string, string>), ...settings };
  const build = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", `${output}/`, "tool"];
  await mustRun("go", build, { cwd: join(PINS, name), env });
  return join(output, program);
}
