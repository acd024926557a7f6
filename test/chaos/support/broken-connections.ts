/** Builds through a proxy that closes, stalls and resets connections to the API server at random. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { BUSYBOX, uniqueImage } from "../../e2e/support/build.ts";
import { kubectl } from "../../e2e/support/kubectl.ts";
import type { TestNamespace } from "../../e2e/support/namespace.ts";
import { slipway } from "../../e2e/support/slipway.ts";
import { FaultProxy } from "../../fakes/fault-proxy.ts";
import type { Fault } from "../../fakes/fault-proxy.ts";
import { faultsOf, podOf } from "./run-faults.ts";

/** Lines that the build prints, some with invalid UTF-8. */
const LINES = 400;

export const NOISY = `FROM ${BUSYBOX}\nARG N\nRUN i=0; while [ $i -lt ${LINES} ]; do echo "line $i of $N"; printf 'bytes \\377\\376\\001 end\\n'; i=$((i+1)); [ $((i % 100)) = 0 ] && sleep 0.3; done; echo $N > /n\n`;

export interface BrokenBuild {
  /** All faults; empty if there are none. */
  readonly wrong: readonly string[];
  /** Number of connections with a fault. */
  readonly faults: number;
  /** The client lost the cluster for good and reported it; the build kept running. */
  readonly left: boolean;
}

/** About how much a client sends and receives over one connection of such a build. */
const SPAN_BYTES = { client: 9000, server: 60_000 };

export function brokenConnection(random: () => number): Fault {
  const of = random() < 0.3 ? "client" : "server";
  const at = { of, offset: Math.floor(random() * SPAN_BYTES[of]) } as const;
  const kind = random();
  if (kind < 0.35) return { ...at, kind: "none" };
  if (kind < 0.6) return { ...at, kind: "reset" };
  if (kind < 0.8) return { ...at, kind: "end" };
  return { ...at, kind: "stall", ms: Math.floor(300 + random() * 4000) };
}

export async function buildThroughFaults(
  namespace: TestNamespace,
  root: string,
  number: number,
  random: () => number,
): Promise<BrokenBuild> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-chaos-"));
  const config = load(await readFile(namespace.kubeconfig, "utf8")) as { clusters: { cluster: { server: string } }[] };
  const server = new URL(config.clusters[0]?.cluster.server ?? "");
  const proxy = await FaultProxy.start(server.hostname, Number(server.port || 443), () => brokenConnection(random));
  try {
    // The API server's certificate is also valid for the loopback address.
    for (const { cluster } of config.clusters) cluster.server = `https://127.0.0.1:${proxy.port}`;
    const kubeconfig = join(directory, "kubeconfig");
    await writeFile(kubeconfig, dump(config), { mode: 0o600 });
    const image = uniqueImage();
    const args = ["build", "-n", namespace.name, "--timeout", "5m", "--ttl", "2m", "--build-arg", `N=${number}`];
    const run = await slipway([...args, "-t", image, root], { env: { KUBECONFIG: kubeconfig } });
    const faults = proxy.faults.filter(({ kind }) => kind !== "none").length;
    if (run.code === 3 && /^WARNING: build \S+ keeps running in the cluster$/m.test(run.stderr)) {
      return { wrong: [], faults, left: true };
    }
    const wrong = await faultsOf(run, namespace.name, image, number);
    const pod = podOf(run);
    if (pod !== "") await kubectl(["delete", "job", pod.replace(/-[^-]+$/, ""), "-n", namespace.name, "--wait=false"]);
    return { wrong, faults, left: false };
  } finally {
    await proxy.close();
    await rm(directory, { recursive: true, force: true });
  }
}
