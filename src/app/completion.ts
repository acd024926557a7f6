/** What a shell's completion asks of the kubeconfig, the cluster and the Dockerfile. Nothing is created anywhere. */
import { decodeDockerfile } from "../lib/dockerfile/encoding.ts";
import { declaredArguments } from "../lib/dockerfile/declared-arguments.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import type { Dockerfile } from "../lib/dockerfile/parse.ts";
import { openRegularFile } from "../lib/files/open-regular-file.ts";
import { connect } from "../lib/kube/connect.ts";
import type { Cluster } from "../lib/kube/cluster.ts";
import { readKubeconfig } from "../lib/kube/kubeconfig.ts";
import { readKeepKey } from "../run/keep/keep-key.ts";
import { findInScope } from "./builds/kept-builders.ts";
import type { ClusterChoice } from "./build/build.ts";
import { listBuilds } from "./builds/find.ts";
import { listContexts } from "./builds/kept-contexts.ts";
import { hasEnded } from "./builds/record.ts";

interface Named {
  readonly value: string;
  readonly description?: string;
}

type Environment = NodeJS.ProcessEnv;

/** @param file the --kubeconfig. @throws InvalidInput for a file that cannot be read */
export async function contextNames(file: string | undefined, env: Environment): Promise<Named[]> {
  const { contexts, currentContext } = await readKubeconfig(file, env);
  return [...contexts.keys()].map((value) =>
    value === currentContext ? { value, description: "the current context" } : { value },
  );
}

/** @throws SlipwayError if the cluster cannot be asked */
export function namespaceNames(choice: ClusterChoice, signal: AbortSignal): Promise<Named[]> {
  return withCluster({ ...choice, namespace: undefined }, async (cluster) => {
    const found = await cluster.list("namespaces", {}, signal);
    return found.map(({ metadata }) => ({ value: metadata?.name ?? "" })).filter(({ value }) => value !== "");
  });
}

/** The newest first. @throws SlipwayError if the cluster cannot be asked */
export function buildNames(choice: ClusterChoice, which: "all" | "running", signal: AbortSignal): Promise<Named[]> {
  return withCluster(choice, async (cluster) => {
    const found = await listBuilds(cluster, undefined, signal);
    return found
      .filter(({ record }) => which === "all" || !hasEnded(record))
      .map(({ record }) => ({
        value: record.name,
        description: [record.state, record.references[0]].filter(Boolean).join(", "),
      }));
  });
}

/** This user's own. @throws SlipwayError if the cluster cannot be asked */
export async function keptBuilderNames(choice: ClusterChoice, env: Environment, signal: AbortSignal): Promise<Named[]> {
  if ((await readKeepKey(env)) === undefined) return [];
  return withCluster(choice, async (cluster) => {
    const found = await findInScope(cluster, { env, allUsers: false }, signal);
    return found.map(({ job }) => ({ value: job.metadata?.name ?? "" })).filter(({ value }) => value !== "");
  });
}

/** @throws SlipwayError if the cluster cannot be asked */
export function keptContextNames(choice: ClusterChoice, signal: AbortSignal): Promise<Named[]> {
  return withCluster(choice, async (cluster) => {
    const found = await listContexts(cluster, signal);
    return found.map(({ name, size }) => ({ value: name, description: size }));
  });
}

/** @throws InvalidInput for a Dockerfile that cannot be parsed */
export async function stageNames(path: string): Promise<Named[]> {
  const { stages } = (await readDockerfile(path)) ?? { stages: [] };
  return stages.flatMap(({ name, from }) =>
    name === undefined ? [] : [{ value: name, description: `FROM ${from.operand}` }],
  );
}

/** Each with the `=` that its value follows. @throws InvalidInput for a Dockerfile that cannot be parsed */
export async function buildArgumentNames(path: string): Promise<Named[]> {
  const dockerfile = await readDockerfile(path);
  if (dockerfile === undefined) return [];
  return [...declaredArguments(dockerfile.instructions, dockerfile.escape)].map((name) => ({ value: `${name}=` }));
}

/** A longer one is not completed from: somebody waits for the answer. */
const MAX_DOCKERFILE_BYTES = 1 << 20;

async function readDockerfile(path: string): Promise<Dockerfile | undefined> {
  await using file = await openRegularFile(path);
  if (file === undefined || (await file.stat()).size > MAX_DOCKERFILE_BYTES) return undefined;
  return parseDockerfile(decodeDockerfile(await file.readFile()).text);
}

async function withCluster(choice: ClusterChoice, work: (cluster: Cluster) => Promise<Named[]>): Promise<Named[]> {
  await using cluster = await connect(choice);
  return await work(cluster);
}
