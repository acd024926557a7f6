/** Logs of every kind read over cuts, held against the container's own files on the node. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/lib/kube/connect.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { environment } from "../e2e/support/build.ts";
import { kubectl } from "../e2e/support/kubectl.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { FaultProxy } from "../fakes/fault-proxy.ts";
import type { Fault } from "../fakes/fault-proxy.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import { readNodeLog } from "./support/node-log.ts";

const namespace = useNamespace();
const random = randomNumbers(Number(process.env["CHAOS_SEED"] ?? 1));
const sound: Fault = { kind: "none", offset: 0, of: "server" };
/** The faults for the connections of the running test. */
let faults: () => Fault = () => sound;
let proxy: FaultProxy;
let directory: string;
let kubeconfig: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-logs-"));
  const config = load(await readFile(namespace.kubeconfig, "utf8")) as { clusters: { cluster: { server: string } }[] };
  const server = new URL(config.clusters[0]?.cluster.server ?? "");
  proxy = await FaultProxy.start(server.hostname, Number(server.port || 443), () => faults());
  for (const entry of config.clusters) entry.cluster.server = `https://127.0.0.1:${proxy.port}`;
  kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, dump(config), { mode: 0o600 });
});

afterAll(async () => {
  await proxy.close();
  await rm(directory, { recursive: true, force: true });
});

/** Runs a shell script in a pod, and gives the lines that are read of it, and those on the node. */
async function readOf(name: string, script: string): Promise<{ read: string[]; kept: string[] }> {
  const container = { name: "c", image: environment("SLIPWAY_HELPER_IMAGE"), command: ["sh", "-c", script] };
  const spec = { restartPolicy: "Never", automountServiceAccountToken: false, containers: [container] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(pod));
  const phase = (): Promise<string> =>
    kubectl(["get", "pod", name, "-n", namespace.name, "-o", "jsonpath={.status.phase}"]);
  await expect.poll(phase).not.toBe("Pending");
  const ended = async (): Promise<boolean> => /Succeeded|Failed/.test(await phase());
  const read: string[] = [];
  // Connections of its own: none that was opened before has the faults of this test.
  const cluster = await connect({ kubeconfig, namespace: namespace.name });
  try {
    for await (const { line } of cluster.logs(name, "c", ended, new AbortController().signal)) read.push(line);
  } finally {
    await cluster.close();
  }
  return { read, kept: await readNodeLog(namespace.name, name, "c") };
}

/** The first difference, so that a failure does not print megabytes. */
function difference(read: readonly string[], kept: readonly string[]): string {
  const at = kept.findIndex((line, index) => line !== read[index]);
  if (at < 0 && read.length === kept.length) return "";
  return `line ${at} of ${kept.length} (read ${read.length}): ${read[at]?.slice(0, 80)} instead of ${kept[at]?.slice(0, 80)}`;
}

const cutAround = (bytes: number): Fault => ({
  kind: random() < 0.5 ? "reset" : "end",
  of: "server",
  offset: Math.floor(random() * bytes),
});

test("10 MB at once, over connections that break meanwhile", { timeout: 180_000 }, async () => {
  let cuts = 8;
  faults = () => (cuts-- > 0 ? cutAround(2_000_000) : sound);
  // awk writes them without a process a line.
  const { read, kept } = await readOf(
    "fast",
    "awk 'BEGIN { for (i = 0; i < 95000; i++) print i, \"abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz\" }'",
  );
  expect(kept.length).toBe(95_000);
  expect(difference(read, kept)).toBe("");
});

test("lines of 1 MB, over connections that break within a line", { timeout: 180_000 }, async () => {
  let cuts = 4;
  faults = () => (cuts-- > 0 ? cutAround(2_500_000) : sound);
  const { read, kept } = await readOf(
    "long",
    "for i in 1 2 3 4; do head -c 1048576 /dev/zero | tr '\\0' $i; echo; echo short $i; done; printf 'no line feed'",
  );
  expect(kept.map((line) => line.length)).toEqual([1048576, 7, 1048576, 7, 1048576, 7, 1048576, 7, 12]);
  expect(difference(read, kept)).toBe("");
});

test("bytes of every kind", { timeout: 180_000 }, async () => {
  let cuts = 5;
  faults = () => (cuts-- > 0 ? cutAround(300_000) : sound);
  const { read, kept } = await readOf(
    "binary",
    "head -c 400000 /dev/urandom; echo; printf '\\000\\001\\377\\n\\r\\n\\n'; echo done",
  );
  expect(kept.length).toBeGreaterThan(500);
  expect(difference(read, kept)).toBe("");
});

test(
  "rotated while nobody could read it: a mark stands where lines are missing, and no line comes twice",
  { timeout: 300_000 },
  async () => {
    // One connection that is cut after 100 kB, then a time in which none comes through while the kubelet rotates the log.
    let opened = 0;
    const quiet = AbortSignal.timeout(60_000);
    faults = () => {
      opened += 1;
      if (opened === 1) return { kind: "reset", of: "server", offset: 100_000 };
      return quiet.aborted ? sound : { kind: "reset", of: "server", offset: 0 };
    };
    const { read, kept } = await readOf(
      "rotated",
      "awk 'BEGIN { for (i = 0; i < 60000; i++) print i, \"abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz\" }'; sleep 35; awk 'BEGIN { for (i = 60000; i < 60100; i++) print i, \"after\" }'; sleep 40; echo end",
    );
    const marks = read.filter((line) => line.startsWith("[slipway: lines are missing here"));
    const numbers = read.flatMap((line) => (/^\d+ /.test(line) ? [Number.parseInt(line, 10)] : []));
    expect(kept.length).toBe(60_101);
    expect(marks).toHaveLength(1);
    expect(numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? -1))).toBe(true);
    expect(read.at(-1)).toBe("end");
    // Lines are only missing at the mark.
    const mark = read.indexOf(marks[0] ?? "");
    expect(difference(read.slice(0, mark), kept.slice(0, mark))).toBe("");
    expect(difference(read.slice(mark + 1), kept.slice(kept.length - (read.length - mark - 1)))).toBe("");
  },
);
