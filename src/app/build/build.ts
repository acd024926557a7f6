/** The composition root: from a request to a build with everything it needs. The only file that knows every implementation. */
import { build, describeBuild } from "./run-build.ts";
import type { BuildDeps, LeftBuild } from "./run-build.ts";
import type { BuildResult, Emit } from "../../events.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import { gatherInputs } from "../../plan/gather.ts";
import { secretsOf } from "../../plan/git-token.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { repositoryNotices } from "../../plan/in-repository.ts";
import { needsSeal } from "../../attest/needs.ts";
import type { Builder } from "../../builders/builder.ts";
import { platformText } from "../../lib/image/platform.ts";
import type { Credential, CredentialStore } from "../../lib/credentials/credentials.ts";
import { findCredential, openStores } from "../../lib/credentials/stores.ts";
import { noticesOf } from "../../plan/docker/read-options.ts";
import { readSecrets } from "../../plan/docker/secrets.ts";
import { readSshKeys } from "../../plan/docker/ssh-keys.ts";
import type { GivenLogins } from "../../lib/credentials/stores.ts";
import { InternalError } from "../../errors.ts";
import { OWN_NAMESPACE } from "../../plan/pod/options.ts";
import { planRequest } from "./plan-request.ts";
import type { PushedImage } from "../../lib/registry/describe-image.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { shipCredentials } from "./credentials.ts";
import { userName } from "../user-name.ts";
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
  /** @param leave aborted when the client is to go as soon as the build can do without it. */
  build(leave?: AbortSignal): Promise<BuildResult | LeftBuild>;
  describe(): Promise<BuildObjects>;
  /** The client has work to do on the image once it is pushed. */
  readonly staysForSeal: boolean;
  /** What the metadata file says of how the image came to be; undefined where the environment does not want it there. */
  provenance(result: BuildResult): Promise<object | undefined>;
}

/** What a build takes from elsewhere than its command line. */
export interface BuildSources {
  readonly stdin?: () => AsyncIterable<Uint8Array>;
  /** Logins that come before all others. */
  readonly logins?: GivenLogins | undefined;
}

/** @throws InvalidInput for whatever of the request can be seen to be wrong without asking the cluster. */
export async function wireBuild(
  request: BuildRequest,
  choice: ClusterChoice,
  emit: Emit,
  signal: AbortSignal,
  { stdin = () => process.stdin, logins }: BuildSources = {},
): Promise<WiredBuild> {
  const inputs = await gatherInputs(request, {
    stdin,
    say: (message) => emit({ type: "waiting", message }),
    signal,
  });
  const facts = { env: process.env, user: userName(), version: VERSION };
  const say = (message: string): void => emit({ type: "waiting", message });
  const { plan: untenanted, builder } = await planRequest(request, inputs, facts, say);
  const planned = await withTenant(untenanted, choice);
  for (const message of repositoryNotices(planned)) emit({ type: "note", message });
  const cautions = [
    ...(builder.caution === undefined ? [] : [builder.caution]),
    ...(builder.cautions?.(planned) ?? []),
  ];
  for (const message of [...cautions, ...noticesOf(request.docker ?? {})]) emit({ type: "warning", message });
  if (planned.exports !== undefined) {
    const { checkDestinations } = await import("../../ship/export/destination.ts");
    await checkDestinations(planned.exports, process.stdout.isTTY);
  }
  const staysForSeal = needsSeal(planned, builder.attestsItself === true);
  if (planned.sign !== undefined) {
    const { findCosign, logCaution } = await import("../../attest/cosign.ts");
    findCosign(process.env);
    const caution = logCaution(planned, process.env);
    if (caution !== undefined) emit({ type: "warning", message: caution });
  }
  const secrets = new Map([
    ...(await readSecrets(secretsOf(planned), process.env, async (fields) => {
      const { readVault } = await import("../../lib/vault/read-vault.ts");
      return readVault(fields, process.env);
    })),
    ...(await readSshKeys(planned.ssh ?? [])),
  ]);
  const stores = request.noCredentials === true ? [] : await openStores(process.env, logins);
  const { plan, dockerConfig } = await shipCredentials(planned, stores, (message) =>
    emit({ type: "warning", message }),
  );
  const deps: Omit<BuildDeps, "cluster"> = {
    builder,
    ...contextSources(plan, builder, stores, emit, signal),
    ...(dockerConfig === undefined ? {} : { dockerConfig }),
    secrets,
    pushedDigest: (built, configDigest) => askForTag(built, configDigest, stores),
    describeImage: async (built, digest) =>
      request.noImageId === true ? undefined : askRegistry(built, digest, stores, emit, request.wantsPlatform === true),
    ...(staysForSeal ? { seal: sealer(plan, builder, stores, signingEnvironment(logins), emit, signal) } : {}),
    emit,
  };
  return {
    plan,
    staysForSeal,
    provenance: provenanceFor(plan),
    describe: () => describeBuild(plan, deps),
    async build(leave) {
      const { connect } = await import("../../lib/kube/connect.ts");
      // The kubeconfig is read first, so that a wrong one is said before anything is packed; the way there is prepared meanwhile.
      const cluster = await connect(choice);
      void cluster.preconnect();
      try {
        return await build(plan, { ...deps, cluster }, signal, leave);
      } finally {
        await cluster.close();
      }
    },
  };
}

/** Where the tenant is the namespace, the kubeconfig says which that is. */
async function withTenant(plan: BuildPlan, choice: ClusterChoice): Promise<BuildPlan> {
  if (plan.tenant !== OWN_NAMESPACE) return plan;
  const { connect } = await import("../../lib/kube/connect.ts");
  const cluster = await connect(choice);
  await cluster.close();
  return { ...plan, tenant: cluster.namespace };
}

/** Of what this process starts only cosign is given them: it pushes the signature to where the image is, and reads this variable. */
function signingEnvironment(logins: GivenLogins | undefined): NodeJS.ProcessEnv {
  return logins === undefined ? process.env : { ...process.env, DOCKER_AUTH_CONFIG: logins.text };
}

/** What is to be done with the image once it is pushed, begun to be timed now. */
function sealer(
  plan: BuildPlan,
  { attestsItself: attested = false }: Builder,
  stores: readonly CredentialStore[],
  env: NodeJS.ProcessEnv,
  emit: Emit,
  signal: AbortSignal,
): NonNullable<BuildDeps["seal"]> {
  const startedOn = new Date();
  const credential = (registry: string): Promise<Credential | undefined> => findCredential(stores, registry);
  return async (digest, stages) => {
    const { attestImage } = await import("../../attest/attest-image.ts");
    await attestImage(plan, digest, { attested, startedOn, credential, env, stages, emit, signal });
  };
}

/** Begun to be timed now. */
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
  return { reference, insecure, ...(ca === undefined ? {} : { ca }) };
}
