/** Reads a container's log files on the node, to compare a client's copy with them. The test cluster's node is this machine. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const PODS = "/var/log/pods";

/**
 * Returns the lines of a container's log files in order, including rotated ones. The CRI's format is
 * `STAMP STREAM P|F CONTENT` (k8s.io/cri-client/pkg/logs); P marks a line that continues in the next record.
 * @throws Error if the pod has no log on this node
 */
export async function readNodeLog(namespace: string, pod: string, container: string): Promise<string[]> {
  const directory = (await readdir(PODS)).find((name) => name.startsWith(`${namespace}_${pod}_`));
  if (directory === undefined) throw new Error(`there is no log of the pod ${pod} on this node`);
  const folder = join(PODS, directory, container);
  const files = (await readdir(folder)).filter((name) => /^\d+\.log/.test(name)).sort(byAge);
  const lines: string[] = [];
  const open = new Map<string, Buffer[]>();
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    const whole = file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    for (let start = 0; start < whole.length;) {
      const feed = whole.indexOf(0x0a, start);
      const end = feed < 0 ? whole.length : feed;
      const record = whole.subarray(start, end);
      const [, stream = "", tag = ""] = record.subarray(0, 60).toString("latin1").split(" ");
      const content = record.subarray(record.indexOf(` ${tag} `) + tag.length + 2);
      const parts = [...(open.get(stream) ?? []), content];
      open.set(stream, tag === "P" ? parts : []);
      if (tag !== "P") lines.push(Buffer.concat(parts).toString("utf8"));
      start = end + 1;
    }
  }
  for (const parts of open.values()) if (parts.length > 0) lines.push(Buffer.concat(parts).toString("utf8"));
  return lines;
}

/** Orders the files by age. Rotated files have the time in their names; the current file has none and comes last. */
function byAge(a: string, b: string): number {
  const key = (name: string): string => (/^\d+\.log$/.test(name) ? "~" : name);
  return key(a) < key(b) ? -1 : 1;
}
