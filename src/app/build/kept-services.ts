/** A part of the composition root: what a kept builder may ask of this client during a build, and what it is answered with. */
import { createHash, randomUUID } from "node:crypto";
import { explainRerun } from "./explain-rerun.ts";
import type { ExplainRerun } from "./explain-rerun.ts";
import { dockerfileTree } from "./kept-dockerfile.ts";
import { RegistryTokens } from "./registry-tokens.ts";
import { layoutStore } from "../../builders/buildkit/arguments.ts";
import { CONTEXT_TREE, DOCKERFILE_TREE, namedTree } from "../../builders/buildkit/solve.ts";
import { InvalidInput } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import { auth } from "../../lib/buildkit/services/auth.ts";
import { content } from "../../lib/buildkit/services/content.ts";
import type { BlobStore } from "../../lib/buildkit/services/content.ts";
import { fileSync } from "../../lib/buildkit/services/file-sync.ts";
import type { SyncTree } from "../../lib/buildkit/services/file-sync.ts";
import { secrets as serveSecrets } from "../../lib/buildkit/services/secrets.ts";
import { ssh as serveSsh } from "../../lib/buildkit/services/ssh.ts";
import type { DialAgent } from "../../lib/buildkit/services/ssh.ts";
import type { Methods } from "../../lib/buildkit/served.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import { findCredential } from "../../lib/credentials/stores.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { layoutBlobs } from "../../pack/layout-blobs.ts";
import { noteSentence } from "../../pack/open-context.ts";
import { ContextTree, memoryTree } from "../../pack/sync-tree.ts";
import { trimmed } from "../../plan/git-token.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { SecretValues } from "../../run/volumes.ts";

/** Where the daemon reaches Docker's registry, which logins know under another name. */
const HUB_HOST = "registry-1.docker.io";
const HUB = "docker.io";

export interface KeptServices {
  /** For one solve. */
  readonly methods: () => Methods;
  /** Begins to list the context. */
  readonly prepare: () => void;
  readonly sharedKey: string;
  /** Why the first step that was not cached ran again. */
  readonly explain: ExplainRerun;
}

export interface KeptInputs {
  readonly cluster: Pick<Cluster, "namespace" | "read">;
  readonly stores: readonly CredentialStore[];
  /** Values of the secrets that come from this machine. */
  readonly secrets: SecretValues;
  /** By their ids. */
  readonly agents: ReadonlyMap<string, DialAgent>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** @throws InvalidInput for a malformed ignore file */
export function keptServices(plan: BuildPlan, inputs: KeptInputs): KeptServices {
  const { emit, signal } = inputs;
  const onNote = (note: Parameters<typeof noteSentence>[0]): void =>
    emit({ type: "warning", message: noteSentence(note) });
  const trees = new Map<string, SyncTree>();
  let context: ContextTree | undefined;
  if (plan.context !== undefined) {
    context = new ContextTree({ ...plan.context, latest: plan.latestTime, onNote });
    trees.set(CONTEXT_TREE, context);
  }
  const dockerfile = dockerfileTree(plan);
  if (dockerfile !== undefined) trees.set(DOCKERFILE_TREE, memoryTree(dockerfile));
  for (const { number, ...directory } of plan.directories ?? []) {
    trees.set(namedTree(number), new ContextTree({ ...directory, latest: plan.latestTime, onNote }));
  }
  const stores = new Map<string, BlobStore>();
  for (const { number, root } of plan.layouts ?? []) {
    // The daemon adds a prefix to the name that is in the request (buildkit client/solve.go, source/containerimage).
    for (const prefix of ["", "oci:"]) stores.set(`${prefix}${layoutStore(number)}`, layoutBlobs(root));
  }
  const tokens = new RegistryTokens(plan, inputs.stores, signal);
  const sharedKey = sharedKeyOf(plan, inputs.cluster.namespace);
  return {
    sharedKey,
    explain: explainRerun(plan, context, sharedKey, inputs.env),
    prepare: () => {
      context?.listAhead();
      // The daemon holds a lock over all registries while it asks for one: what is known by then is in memory.
      for (const host of plan.registries.hosts) {
        void loginFor(plan, inputs.stores, host)
          .then((login) => login && tokens.of(host))
          .catch(() => {});
      }
    },
    methods: () => ({
      ...fileSync(trees, ({ bytes }) => {
        if (bytes > 0) emit({ type: "upload", sent: bytes });
      }),
      ...(stores.size === 0 ? {} : content(stores)),
      ...auth({
        login: (host) => loginFor(plan, inputs.stores, host),
        tokens: async (host) =>
          (await loginFor(plan, inputs.stores, host)) === undefined ? undefined : tokens.of(registryOf(host)),
      }),
      ...serveSecrets((id) => secretValue(plan, inputs, id)),
      ...(inputs.agents.size === 0 ? {} : serveSsh(inputs.agents)),
    }),
  };
}

/**
 * One tree for each namespace, context, Dockerfile and target, so that no build is given another's files. The daemon takes a file for
 * unchanged by its path, size and time, which may be the same in different archives.
 */
function sharedKeyOf(plan: BuildPlan, namespace: string): string {
  const parts = [
    namespace,
    plan.context?.digest ?? plan.context?.root ?? plan.repository?.url ?? "",
    plan.dockerfile.path ?? "",
    plan.target ?? "",
    // With --reproducible all files may have one time: a changed one would not be sent, so each of these builds has a tree of its own.
    ...(plan.latestTime === undefined ? [] : [randomUUID()]),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function registryOf(host: string): string {
  return host === HUB_HOST ? HUB : host;
}

/**
 * A RUN may get at the daemon (it has no sandbox for processes), so the daemon is told no more than this build is for: logins of
 * the registries that it names, which are those that a build without a daemon would ship.
 */
async function loginFor(plan: BuildPlan, stores: readonly CredentialStore[], host: string) {
  const registry = registryOf(host);
  if (plan.credentials.kind === "none" || !plan.registries.hosts.includes(registry)) return undefined;
  const credential = await findCredential(stores, registry);
  if (credential === undefined) return undefined;
  const { username = "", password, identityToken } = credential;
  if (identityToken !== undefined) return { username: "", secret: identityToken };
  return password === undefined ? undefined : { username, secret: password };
}

async function secretValue(
  plan: BuildPlan,
  { cluster, secrets, signal }: KeptInputs,
  id: string,
): Promise<Uint8Array | undefined> {
  const wanted = plan.secrets?.find((secret) => secret.id === id);
  if (wanted?.source.kind !== "cluster") return wanted === undefined ? undefined : secrets.get(id);
  const { secret, key } = wanted.source;
  const found = await cluster.read("secrets", secret, signal);
  const value = found.data?.[key];
  if (value === undefined) {
    throw new InvalidInput(`the Secret "${secret}" has no key "${key}", which --secret ${id} is to be`, {
      suggestions: [`See its keys: kubectl describe secret ${secret}`],
    });
  }
  return trimmed(id, Buffer.from(value, "base64"));
}
