/** The composition root of `build`: from a request to a build with everything that it needs. */
import { build, describeBuild } from "./run-build.ts";
import type { InTurn } from "./reach-kept.ts";
import type { BuildDeps, LeftBuild } from "./run-build.ts";
import type { BuildResult, Emit } from "../../events.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import { gatherInputs } from "../../plan/gather.ts";
import { secretsOf } from "../../plan/git-token.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { repositoryNotices } from "../../plan/in-repository.ts";
import { needsAttesting } from "../../attest/needs.ts";
import type { Builder } from "../../builders/builder.ts";
import { platformText } from "../../lib/image/platform.ts";
import type { Credential, CredentialStore } from "../../lib/credentials/credentials.ts";
import { findCredential, openStores } from "../../lib/credentials/stores.ts";
import type { Loading } from "./load/loading.ts";
import type { Stages } from "../../run/stages.ts";
import { isForEngine } from "../../plan/docker/results.ts";
import { noticesOf } from "../../plan/docker/read-options.ts";
import { readSecrets } from "../../plan/docker/secrets.ts";
import { readSshKeys } from "../../plan/docker/ssh-keys.ts";
import type { GivenLogins } from "../../lib/credentials/stores.ts";
import { InternalError } from "../../errors.ts";
import { OWN_NAMESPACE } from "../../plan/pod/options.ts";
import { planRequest } from "./plan-request.ts";
import type { PushedImage } from "../../lib/registry/describe-image.ts";
import type { BuildObjects } from "../../run/objects.ts";
import type { SecretValues } from "../../run/volumes.ts";
import { shipCredentials } from "./credentials.ts";
import { StartedHere } from "../builds/started-here.ts";
import { userName } from "../user-name.ts";
import { whoAmI } from "../who-am-i.ts";
import { VERSION } from "../../version.ts";
import { contextSources } from "./context-sources.ts";

export type { GivenLogins };

export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface WiredBuild {
  readonly plan: BuildPlan;
  /** @param leave aborted when the client is to detach as soon as the build can do without it. */
  build(leave?: AbortSignal): Promise<BuildResult | LeftBuild>;
  describe(): Promise<BuildObjects>;
  /** The client has to attest or sign the image once it is pushed, so it cannot detach. */
  readonly attests: boolean;
  /** The provenance for the metadata file; undefined if the environment turns it off. */
  provenance(result: BuildResult): Promise<object | undefined>;
}

/** Inputs of a build that are not on its command line. */
export interface BuildSources {
  readonly stdin?: () => AsyncIterable<Uint8Array>;
  /** Logins that come before all others. */
  readonly logins?: GivenLogins | undefined;
  /** Values in the request that are secret, though they stand in args. */
  readonly secretTexts?: readonly string[];
  /** For builds that run at once: see ReachDeps. */
  readonly inTurn?: InTurn;
}

/** @throws InvalidInput for every fault of the request that can be found without asking the cluster. */
export async function wireBuild(
  request: BuildRequest,
  choice: ClusterChoice,
  emit: Emit,
  signal: AbortSignal,
  sources: BuildSources = {},
): Promise<WiredBuild> {
  const { logins } = sources;
  const resolved = await resolveBuild(request, choice, emit, signal, sources);
  const { plan, builder, stores, dockerConfig, secrets, attests } = resolved;
  const deps: Omit<BuildDeps, "cluster"> = {
    builder,
    ...contextSources(plan, builder, stores, emit, signal),
    ...omitUndefined({ dockerConfig }),
    secrets,
    pushedDigest: (built, configDigest) => askForTag(built, configDigest, stores),
    describeImage: async (built, digest) =>
      request.noImageId === true ? undefined : askRegistry(built, digest, stores, emit, request.wantsPlatform === true),
    ...(attests ? { attest: attester(plan, builder, stores, signingEnvironment(logins), emit, signal) } : {}),
    emit,
    whoAmI: (cluster) => whoAmI(cluster, process.env, signal),
    onCreated: ({ uid }) => new StartedHere().add(uid),
  };
  return {
    plan,
    attests,
    provenance: provenanceFor(plan),
    async describe() {
      if (plan.keepSeconds === undefined) return describeBuild(plan, deps);
      const { describeKept } = await import("./kept.ts");
      return describeKept(plan, process.env);
    },
    async build(leave) {
      const { connect } = await import("../../lib/kube/connect.ts");
      // The kubeconfig is read first, so that a fault in it is reported before anything is packed; meanwhile the connection is prepared.
      await using cluster = await connect(choice);
      void cluster.preconnect();
      using loading = plan.exports?.some(isForEngine) === true ? await openLoading(plan, stores, signal) : undefined;
      const load =
        loading === undefined ? {} : { load: (stages: Stages, digest: string) => loading.load(stages, digest) };
      const final = loading?.plan ?? plan;
      if (plan.keepSeconds === undefined) return await build(final, { ...deps, ...load, cluster }, signal, leave);
      const { buildInKept } = await import("./kept.ts");
      const shared = omitUndefined({ inTurn: sources.inTurn });
      return await buildInKept(final, { ...deps, ...load, cluster, ...shared }, stores, signal);
    },
  };
}

async function openLoading(plan: BuildPlan, stores: readonly CredentialStore[], signal: AbortSignal): Promise<Loading> {
  const { Loading } = await import("./load/loading.ts");
  return Loading.open(plan, process.env, (registry) => findCredential(stores, registry), signal);
}

/** A request with everything decided that can be decided before the cluster is asked. */
interface ResolvedBuild {
  /** The only plan that is built: with its tenant and its final credentials. */
  readonly plan: BuildPlan;
  readonly builder: Builder;
  readonly stores: readonly CredentialStore[];
  /** The config.json to ship, when the plan ships one. */
  readonly dockerConfig?: string;
  readonly secrets: SecretValues;
  readonly attests: boolean;
}

/**
 * The plan is made in three steps: from the request, with its tenant, with its credentials. The earlier ones stay in here, so that
 * nobody can build them.
 */
async function resolveBuild(
  request: BuildRequest,
  choice: ClusterChoice,
  emit: Emit,
  signal: AbortSignal,
  { stdin = () => process.stdin, logins, secretTexts = [] }: BuildSources,
): Promise<ResolvedBuild> {
  const say = (message: string): void => emit({ type: "waiting", message });
  const warn = (message: string): void => emit({ type: "warning", message });
  const inputs = await gatherInputs(request, { stdin, say, signal });
  const facts = { env: process.env, user: userName(), version: VERSION };
  const requested = await planRequest(request, inputs, facts, say);
  const { builder } = requested;
  const marked = secretTexts.length === 0 ? requested.plan : { ...requested.plan, secretTexts };
  const tenanted = await withTenant(marked, choice);
  for (const message of repositoryNotices(tenanted)) emit({ type: "note", message });
  for (const message of [...cautionsOf(builder, tenanted), ...noticesOf(request.docker ?? {})]) warn(message);
  if (tenanted.exports !== undefined) {
    const { checkDestinations } = await import("../../ship/export/destination.ts");
    await checkDestinations(tenanted.exports, process.stdout.isTTY);
  }
  const attests = needsAttesting(tenanted, builder.attestsItself === true);
  if (tenanted.sign !== undefined) {
    const { findCosign, logCaution } = await import("../../attest/cosign.ts");
    findCosign(process.env);
    const caution = logCaution(tenanted, process.env);
    if (caution !== undefined) warn(caution);
  }
  const secrets = await secretValues(tenanted);
  const stores = request.noCredentials === true ? [] : await openStores(process.env, logins);
  // A kept builder asks for logins when it needs them.
  if (tenanted.keepSeconds !== undefined) return { plan: tenanted, builder, stores, secrets, attests };
  // shipCredentials returns the final plan, and the config.json for it.
  return { ...(await shipCredentials(tenanted, stores, warn)), builder, stores, secrets, attests };
}

function cautionsOf(builder: Builder, plan: BuildPlan): readonly string[] {
  return [...(builder.caution === undefined ? [] : [builder.caution]), ...(builder.cautions?.(plan) ?? [])];
}

/** The values of `--secret` and `--ssh` that come from this machine or from a Vault. */
async function secretValues(plan: BuildPlan): Promise<SecretValues> {
  return new Map([
    ...(await readSecrets(secretsOf(plan), process.env, async (fields) => {
      const { readVault } = await import("../../lib/vault/read-vault.ts");
      return readVault(fields, process.env);
    })),
    // A kept builder asks an agent, and no key is sent.
    ...(await readSshKeys(plan.keepSeconds === undefined ? (plan.ssh ?? []) : [])),
  ]);
}

/** If the tenant is the namespace, the kubeconfig tells which one that is. */
async function withTenant(plan: BuildPlan, choice: ClusterChoice): Promise<BuildPlan> {
  if (plan.tenant !== OWN_NAMESPACE) return plan;
  const { connect } = await import("../../lib/kube/connect.ts");
  await using cluster = await connect(choice);
  return { ...plan, tenant: cluster.namespace };
}

/** The environment of cosign, the only program that gets the given logins: it pushes the signature to the image's registry and reads this variable. */
function signingEnvironment(logins: GivenLogins | undefined): NodeJS.ProcessEnv {
  return logins === undefined ? process.env : { ...process.env, DOCKER_AUTH_CONFIG: logins.text };
}

/** Attests and signs the image once it is pushed. The build's start, for its provenance, is now. */
function attester(
  plan: BuildPlan,
  { attestsItself: attested = false }: Builder,
  stores: readonly CredentialStore[],
  env: NodeJS.ProcessEnv,
  emit: Emit,
  signal: AbortSignal,
): NonNullable<BuildDeps["attest"]> {
  const startedOn = new Date();
  const credential = (registry: string): Promise<Credential | undefined> => findCredential(stores, registry);
  return async (digest, stages) => {
    const { attestImage } = await import("../../attest/attest-image.ts");
    await attestImage(plan, digest, { attested, startedOn, credential, env, stages, emit, signal });
  };
}

/** Makes the provenance for the metadata file. The build's start is now. */
function provenanceFor(plan: BuildPlan): WiredBuild["provenance"] {
  const startedOn = new Date();
  return async ({ descriptor }) => {
    const { metadataProvenance, metadataProvenanceOf } = await import("../../attest/metadata-provenance.ts");
    const mode = metadataProvenanceOf(process.env["BUILDX_METADATA_PROVENANCE"]);
    if (mode === "disabled") return undefined;
    const { os, architecture, variant } = descriptor?.platform ?? {};
    const asked = plan.platform === undefined ? undefined : platformText(plan.platform);
    const platform = os === undefined ? asked : [os, architecture, variant].filter(Boolean).join("/");
    return metadataProvenance(plan, mode, { startedOn, finishedOn: new Date() }, platform);
  };
}

async function askRegistry(
  plan: BuildPlan,
  digest: string,
  stores: readonly CredentialStore[],
  emit: Emit,
  withPlatform: boolean,
): Promise<ImageDescription | undefined> {
  const [reference] = plan.tags;
  if (reference === undefined || !pushes(plan)) return undefined;
  const { describeImage } = await import("../../lib/registry/describe-image.ts");
  return describeImage(
    pushedTo(plan, reference),
    digest,
    (host) => findCredential(stores, host),
    (message) => emit({ type: "warning", message }),
    withPlatform,
  );
}

async function askForTag(
  plan: BuildPlan,
  configDigest: string | undefined,
  stores: readonly CredentialStore[],
): Promise<string> {
  const [reference] = plan.tags;
  if (reference === undefined) throw new InternalError("an image without a name has no digest in a registry");
  const { findDigest } = await import("../../lib/registry/describe-image.ts");
  return findDigest(pushedTo(plan, reference), configDigest, (host) => findCredential(stores, host));
}

function pushedTo({ registries: { insecure, ca } }: BuildPlan, reference: Reference): PushedImage {
  return { reference, insecure, ...omitUndefined({ ca }) };
}
