/** How Node for another platform is run on this machine. */
import { access } from "node:fs/promises";
import { ownTarget } from "./node-packages.ts";
import type { Target } from "./node-packages.ts";

/** Debian's qemu-user-static, and the folder of its *-arm64-cross packages. */
const QEMU = "/usr/bin/qemu-aarch64-static";
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";

/**
 * @param program of that platform
 * @returns the command that runs it; undefined for systems that nothing here runs
 * @throws Error with what to install, for an emulator that is not installed
 */
export async function interpreterFor(target: Target, program: string): Promise<readonly string[] | undefined> {
  if (target === ownTarget()) return [program];
  if (target !== "linux-arm64") return undefined;
  for (const path of [QEMU, `${ARM64_LIBRARIES}/lib/libatomic.so.1`]) {
    await access(path).catch(() => {
      throw new Error(
        `${path} is not installed: apt-get install qemu-user-static libstdc++6-arm64-cross libatomic1-arm64-cross`,
      );
    });
  }
  // The name by which it is started would be in what it makes.
  return [QEMU, "-0", "node", "-L", ARM64_LIBRARIES, program];
}
