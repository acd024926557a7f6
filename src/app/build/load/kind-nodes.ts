/**
 * `--load=kind`: the image goes into every node of a kind cluster. A node is a container of the engine, with containerd in it, which
 * imports the archive from its standard input, as `kind load image-archive` does (kind pkg/cluster/nodeutils).
 */
import type { Readable } from "node:stream";
import { InvalidInput } from "../../../errors.ts";
import type { EngineClient, EngineContainer } from "../../../lib/engine/engine-client.ts";
import type { BuildPlan } from "../../../plan/plan.ts";

const CLUSTER_LABEL = "io.x-k8s.kind.cluster";
const ROLE_LABEL = "io.x-k8s.kind.role";
/** The one role of a container in which no pod runs. */
const WITHOUT_PODS = "external-load-balancer";
/** Kubernetes' namespace in containerd. */
const CTR = ["ctr", "--namespace=k8s.io"];

/** @throws InvalidInput without such a cluster, and for an image without a name: a pod could not use it */
export async function nodesFor(
  { tags }: Pick<BuildPlan, "tags">,
  client: EngineClient,
  cluster: string,
): Promise<readonly EngineContainer[]> {
  if (tags.length > 0) return findNodes(client, cluster);
  throw new InvalidInput("--load=kind needs a name for the image, as pods find it by its name", {
    suggestions: ["Add -t NAME."],
  });
}

/** @throws InvalidInput if the engine runs no node of this cluster */
async function findNodes(client: EngineClient, cluster: string): Promise<readonly EngineContainer[]> {
  const all = await client.containersWith(`${CLUSTER_LABEL}=${cluster}`);
  const nodes = all.filter(({ labels }) => labels[ROLE_LABEL] !== WITHOUT_PODS);
  if (nodes.length > 0) return nodes;
  throw new InvalidInput(`the engine runs no node of a kind cluster with the name "${cluster}"`, {
    suggestions: ["See which clusters there are: kind get clusters", "Then name one: --load=kind:NAME"],
  });
}

/**
 * @param write makes the archive, from its beginning
 * @param names full names of the image, with their tags
 * @returns bytes sent
 * @throws InvalidInput if a node does not take it
 */
export async function importInto(
  client: EngineClient,
  { id, name: node }: EngineContainer,
  write: () => { readonly stream: Readable; readonly bytes: number },
  names: readonly string[],
): Promise<number> {
  const { stdout: config } = await client.exec(id, ["containerd", "config", "dump"]);
  const { stream, bytes } = write();
  const command = [...CTR, "images", "import", "--all-platforms", `--snapshotter=${snapshotterIn(config)}`, "-"];
  const { code, stderr } = await client.exec(id, command, stream);
  // ctr has been seen to import nothing and to say nothing.
  const { stdout: listed } = await client.exec(id, [...CTR, "images", "list", "--quiet"]);
  const missing = names.find((name) => !listed.split("\n").includes(name));
  if (code === 0 && missing === undefined) return bytes;
  const reason =
    code === 0 ? `${missing} is not among its images afterwards` : (stderr.trim().split("\n").at(-1) ?? "");
  throw new InvalidInput(`the image is built, but the kind node ${node} did not take it: ${reason}`, {
    docker: "refuses",
    suggestions: [`See what it reports: docker logs ${node}`],
  });
}

/** The one that Kubernetes uses: of containerd's CRI plug-in, whose section has another name since version 3 of its configuration. */
export function snapshotterIn(config: string): string {
  let isOfCri = false;
  for (const line of config.split("\n")) {
    const [, section] = /^\s*\[(.*)\]\s*$/.exec(line) ?? [];
    if (section !== undefined) isOfCri = /io\.containerd\.(?:cri\.v1\.images|grpc\.v1\.cri)/.test(section);
    const [, name] = /^\s*snapshotter\s*=\s*["']([\w-]+)["']/.exec(line) ?? [];
    if (isOfCri && name !== undefined) return name;
  }
  return "overlayfs";
}
