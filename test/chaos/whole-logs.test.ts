/** Reads logs of every kind over connections that break, and compares them with the container's log files on the node. */
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
const noFault: Fault = { kind: "none", offset: 0, of: "server" };
/** The faults for the connections of the running test. */
let faults: () => Fault = () => noFault;
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

/** Runs a shell script in a pod. Returns the lines that the client reads, and the lines in the log files on the node. */
async function readLog(name: string, script: string): Promise<{ read: string[]; written: string[] }> {
  const container = { name: "c", image: environment("SLIPWAY_HELPER_IMAGE"), command: ["sh", "-c", script] };
  const spec = { restartPolicy: "Never", automountServiceAccountToken: false, containers: [container] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(pod));
  const phase = (): Promise<string> =>
    kubectl(["get", "pod", name, "-n", namespace.name, "-o", "jsonpath={.status.phase}"]);
  await expect.poll(phase).not.toBe("Pending");
  const ended = async (): Promise<boolean> => /Succeeded|Failed/.test(await phase());
  const read: string[] = [];
  // Uses new connections, because those opened earlier do not have the faults of this test.
  const cluster = await connect({ kubeconfig, namespace: namespace.name });
  try {
    for await (const { line } of cluster.logs(name, "c", ended, new AbortController().signal)) read.push(line);
  } finally {
    await cluster.close();
  }
  return { read, written: await readNodeLog(namespace.name, name, "c") };
}

/** Describes only the first difference, so that a failure does not print megabytes. */
function difference(read: readonly string[], written: readonly string[]): string {
  const at = written.findIndex((line, index) => line !== read[index]);
  if (at < 0 && read.length === written.length) return "";
  return `line ${at} of ${written.length} (read ${read.length}): ${read[at]?.slice(0, 80)} instead of ${written[at]?.slice(0, 80)}`;
}

const cutAround = (bytes: number): Fault => ({
  kind: random() < 0.5 ? "reset" : "end",
  of: "server",
  offset: Math.floor(random() * bytes),
});

test("a log of 10 MB is read whole over connections that break", { timeout: 180_000 }, async () => {
  let cuts = 8;
  faults = () => (cuts-- > 0 ? cutAround(2_000_000) : noFault);
  // awk needs no process for each line.
  const { read, written } = await readLog(
    "fast",
    "awk 'BEGIN { for (i = 0; i < 95000; i++) print i, \"abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz\" }'",
  );
  expect(written.length).toBe(95_000);
  expect(difference(read, written)).toBe("");
});

test("lines of 1 MB are read whole over connections that break within a line", { timeout: 180_000 }, async () => {
  let cuts = 4;
  faults = () => (cuts-- > 0 ? cutAround(2_500_000) : noFault);
  const { read, written } = await readLog(
    "long",
    "for i in 1 2 3 4; do head -c 1048576 /dev/zero | tr '\\0' $i; echo; echo short $i; done; printf 'no line feed'",
  );
  expect(written.map((line) => line.length)).toEqual([1048576, 7, 1048576, 7, 1048576, 7, 1048576, 7, 12]);
  expect(difference(read, written)).toBe("");
});

test("a log of random bytes is read whole over connections that break", { timeout: 180_000 }, async () => {
  let cuts = 5;
  faults = () => (cuts-- > 0 ? cutAround(300_000) : noFault);
  const { read, written } = await readLog(
    "binary",
    "head -c 400000 /dev/urandom; echo; printf '\\000\\001\\377\\n\\r\\n\\n'; echo done",
  );
  expect(written.length).toBeGreaterThan(500);
  expect(difference(read, written)).toBe("");
});

test(
  "a log that is rotated during an outage has a mark where lines are missing, and no line twice",
  { timeout: 300_000 },
  async () => {
    // One connection is reset after 100 kB. Then no connection succeeds for a minute, in which the kubelet rotates the log.
    let opened = 0;
    const quiet = AbortSignal.timeout(60_000);
    faults = () => {
      opened += 1;
      if (opened === 1) return { kind: "reset", of: "server", offset: 100_000 };
      return quiet.aborted ? noFault : { kind: "reset", of: "server", offset: 0 };
    };
    const { read, written } = await readLog(
      "rotated",
      "awk 'BEGIN { for (i = 0; i < 60000; i++) print i, \"abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz\" }'; sleep 35; awk 'BEGIN { for (i = 60000; i < 60100; i++) print i, \"after\" }'; sleep 40; echo end",
    );
    const marks = read.filter((line) => line.startsWith("[slipway: lines are missing here"));
    const numbers = read.flatMap((line) => (/^\d+ /.test(line) ? [Number.parseInt(line, 10)] : []));
    expect(written.length).toBe(60_101);
    expect(marks).toHaveLength(1);
    expect(numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? -1))).toBe(true);
    expect(read.at(-1)).toBe("end");
    // Lines are only missing at the mark.
    const mark = read.indexOf(marks[0] ?? "");
    expect(difference(read.slice(0, mark), written.slice(0, mark))).toBe("");
    expect(difference(read.slice(mark + 1), written.slice(written.length - (read.length - mark - 1)))).toBe("");
  },
);
