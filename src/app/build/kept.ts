/** A part of the composition root: a build in a kept builder, with everything it needs. */
import { stat } from "node:fs/promises";
import { AuthError, InvalidInput } from "../../errors.ts";
import type { BuildResult } from "../../events.ts";
import { agentAddress, isPipe, memoryAgent, socketAgent } from "../../lib/buildkit/services/agent.ts";
import type { DialAgent } from "../../lib/buildkit/services/ssh.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import { DockerConfig } from "../../lib/credentials/docker-config.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { readSshKeys, sshKeyName } from "../../plan/docker/ssh-keys.ts";
import type { SshKeys } from "../../plan/docker/options.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { openKeepKey } from "../../run/keep/keep-key.ts";
import { keptObjects } from "../../run/keep/kept-builder.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { keptServices } from "./kept-services.ts";
import type { ReachDeps } from "./reach-kept.ts";
import type { BuildDeps } from "./run-build.ts";
import { buildKept } from "./run-kept.ts";

/** The objects of a new builder, for --dry-run. */
export async function describeKept(plan: BuildPlan, env: NodeJS.ProcessEnv): Promise<BuildObjects> {
  return keptObjects(plan, (await openKeepKey(env)).fingerprint);
}

export async function buildInKept(
  plan: BuildPlan,
  deps: BuildDeps & Pick<ReachDeps, "sharing">,
  stores: readonly CredentialStore[],
  signal: AbortSignal,
): Promise<BuildResult> {
  const { cluster, emit } = deps;
  const agents = await agentsOf(plan.ssh ?? [], process.env);
  const services = keptServices(plan, {
    cluster,
    stores: await storesOf(plan, stores, cluster, signal),
    secrets: deps.secrets ?? new Map(),
    agents,
    env: process.env,
    emit,
    signal,
  });
  return buildKept(plan, { ...deps, ...services, keepSeconds: plan.keepSeconds ?? 0, env: process.env }, signal);
}

/** Logins of a Secret in the namespace are read by this client: the builder has none of its own. */
async function storesOf(
  { credentials }: BuildPlan,
  stores: readonly CredentialStore[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<readonly CredentialStore[]> {
  if (credentials.kind !== "secret") return stores;
  const { data } = await cluster.read("secrets", credentials.name, signal);
  const text = data?.[".dockerconfigjson"];
  if (text === undefined)
    throw new AuthError(`the Secret "${credentials.name}" is not of type kubernetes.io/dockerconfigjson`);
  return [new DockerConfig(Buffer.from(text, "base64").toString("utf8"), `the Secret "${credentials.name}"`)];
}

/** For each id of `--ssh` the user's agent, or one in this process that holds the keys. @throws InvalidInput */
async function agentsOf(ssh: readonly SshKeys[], env: NodeJS.ProcessEnv): Promise<Map<string, DialAgent>> {
  const agents = new Map<string, DialAgent>();
  for (const { id, paths } of ssh) {
    const [path = agentAddress(env)] = paths;
    if (path === "") {
      throw new InvalidInput(`--ssh ${id}: there is no agent, as SSH_AUTH_SOCK is not set`, {
        docker: "refuses",
        suggestions: [`Start one: eval "$(ssh-agent)" && ssh-add. Or give a key: --ssh ${id}=$HOME/.ssh/id_ed25519`],
      });
    }
    const isSocket =
      isPipe(path) ||
      (await stat(path).then(
        (found) => found.isSocket(),
        () => paths.length === 0,
      ));
    if (isSocket) {
      agents.set(id, socketAgent(path));
      continue;
    }
    const keys = await readSshKeys([{ id, paths }]);
    try {
      agents.set(id, memoryAgent(paths.map((_, at) => keys.get(sshKeyName(id, at)) ?? new Uint8Array())));
    } catch (error) {
      throw new InvalidInput(`--ssh ${id}=${paths.join(",")}: the key cannot be used: ${(error as Error).message}`, {
        docker: "refuses",
        suggestions: ["Give a key of type Ed25519, ECDSA or RSA, in PEM or OpenSSH's format."],
        cause: error,
      });
    }
  }
  return agents;
}
