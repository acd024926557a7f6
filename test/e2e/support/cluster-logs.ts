/** The logs of the cluster's own programs, the audit log included, from a moment on. */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { environment } from "./build.ts";

const LOGS = dirname(environment("CLUSTER_AUDIT_LOG"));

/** Bytes by file. */
export async function logSizes(): Promise<Map<string, number>> {
  const names = await readdir(LOGS);
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, number]> => [name, (await stat(join(LOGS, name))).size]),
    ),
  );
}

/** What they have logged since their files had these sizes. */
export async function logsSince(before: ReadonlyMap<string, number>): Promise<string> {
  const names = await readdir(LOGS);
  const texts = await Promise.all(
    names.map(async (name) => (await readFile(join(LOGS, name))).subarray(before.get(name) ?? 0).toString()),
  );
  return texts.join("");
}
