/** A directory on the client's disk for what has to lie there for the time of a build. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = new Set<string>();

/** An empty directory, gone when the process ends, however it ends by itself. */
export async function makeScratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-context-"));
  if (made.size === 0) process.once("exit", removeAll);
  made.add(directory);
  return directory;
}

function removeAll(): void {
  for (const directory of made) rmSync(directory, { recursive: true, force: true, maxRetries: 2 });
}
