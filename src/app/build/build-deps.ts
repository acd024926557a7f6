/** A part of the composition root: what a build needs besides its plan and the cluster. */
import type { BuildDeps } from "./run-build.ts";
import type { BuildResult, Emit } from "../../events.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import { isShipped, pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { BuildRequest } from "../../plan/request.ts";
import type { Builder } from "../../builders/builder.ts";
import { platformText } from "../../lib/image/platform.ts";
import type { Credential, CredentialStore } from "../../lib/credentials/credentials.ts";
import { findCredential } from "../../lib/credentials/stores.ts";
import type { GivenLogins } from "../../lib/credentials/stores.ts";
import { InternalError } from "../../errors.ts";
import type { PushedImage } from "../../lib/registry/describe-image.ts";
import type { SecretValues } from "../../run/volumes.ts";
import { StartedHere } from "../builds/started-here.ts";
import { whoAmI } from "../who-am-i.ts";
import { contextSources } from "./context-sources.ts";
import { missingImageError } from "./known-faults.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { registryOptions } from "../registry-options.ts";

/** For each answer of a registry about a base image. The build does not wait for it. */
const BASE_IMAGE_TIMEOUT_MS = 10_000;

/** For each answer of a registry about a tag. The build does not wait for it either. */
const TAG_TIMEOUT_MS = 10_000;

/** A request with everything decided that can be decided before the cluster is asked. */
export interface ResolvedBuild {
  /** The only plan that is built: with its tenant and its final credentials. */
  readonly plan: BuildPlan;
  readonly builder: Builder;
  readonly stores: readonly CredentialStore[];
  /** The config.json to ship, when the plan ships one. */
  readonly dockerConfig?: string;
  readonly secrets: SecretValues;
  readonly attests: boolean;
  /** The plan has several platforms, and one pod builds all of them. */
  readonly onePod?: boolean;
}

/** What all builds of one command share. */
export interface Surroundings {
  readonly request: BuildRequest;
  readonly logins: GivenLogins | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What a build needs besides the cluster. */
export function buildDeps(resolved: ResolvedBuild, around: Surroundings): Omit<BuildDeps, "cluster"> {
  const { plan, builder, stores, dockerConfig, secrets, attests } = resolved;
  const { request, emit, signal } = around;
  return {
    builder,
    ...contextSources(plan, builder, stores, emit, signal),
    ...omitUndefined({ dockerConfig }),
    secrets,
    pushedDigest: (built, configDigest) => askForTag(built, configDigest, stores),
    describeImage: async (built, digest) =>
      request.noImageId === true ? undefined : askRegistry(built, digest, stores, emit, request.wantsPlatform === true),
    ...askForBases(plan, stores),
    askTag: async (tag, stop) => {
      const { readTagDigest } = await import("../../lib/registry/tag-digest.ts");
      return readTagDigest(tag, { ...registryOptions(plan.registries, stores), timeout: TAG_TIMEOUT_MS, signal: stop });
    },
    ...(attests ? { attest: attester(plan, resolved, around) } : {}),
    emit,
    whoAmI: (cluster) => whoAmI(cluster, process.env, signal),
    onCreated: (job) => new StartedHere().add(job),
  };
}

/** The environment of cosign, the only program that gets the given logins: it pushes the signature to the image's registry and reads this variable. */
function signingEnvironment(logins: GivenLogins | undefined): NodeJS.ProcessEnv {
  return logins === undefined ? process.env : { ...process.env, DOCKER_AUTH_CONFIG: logins.text };
}

/** Attests and signs the image once it is pushed. The build's start, for its provenance, is now. */
export function attester(
  plan: BuildPlan,
  { builder: { attestsItself: attested = false }, stores }: Pick<ResolvedBuild, "builder" | "stores">,
  { logins, emit, signal }: Pick<Surroundings, "logins" | "emit" | "signal">,
): NonNullable<BuildDeps["attest"]> {
  const startedOn = new Date();
  const env = signingEnvironment(logins);
  const credential = (registry: string): Promise<Credential | undefined> => findCredential(stores, registry);
  return async (digest, stages) => {
    const { attestImage } = await import("../../attest/attest-image.ts");
    await attestImage(plan, digest, { attested, startedOn, credential, env, stages, emit, signal });
  };
}

/** Provenance for the metadata file, by the file's keys. */
export type MetadataProvenances = Readonly<Record<string, object>>;

/** Key of the metadata file (buildx build/provenance.go). With several platforms each has its own, with the platform after a slash. */
const PROVENANCE_KEY = "buildx.build.provenance";

/**
 * Makes the provenance for the metadata file. The build's start is now.
 * @param plans one for each platform, or the only one
 */
export function provenanceFor(
  plans: readonly BuildPlan[],
): (result: Pick<BuildResult, "descriptor">) => Promise<MetadataProvenances> {
  const startedOn = new Date();
  return async ({ descriptor }) => {
    const { metadataProvenance, metadataProvenanceOf } = await import("../../attest/metadata-provenance.ts");
    const mode = metadataProvenanceOf(process.env["BUILDX_METADATA_PROVENANCE"]);
    if (mode === "disabled") return {};
    const times = { startedOn, finishedOn: new Date() };
    return Object.fromEntries(
      plans.map((plan) => {
        const { os, architecture, variant } = descriptor?.platform ?? {};
        const asked = plan.platform === undefined ? undefined : platformText(plan.platform);
        const platform = os === undefined ? asked : [os, architecture, variant].filter(Boolean).join("/");
        const key = plans.length === 1 ? PROVENANCE_KEY : `${PROVENANCE_KEY}/${asked ?? ""}`;
        return [key, metadataProvenance(plan, mode, times, platform)];
      }),
    );
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

/** Only with the logins that the build has: others may see other images. */
function askForBases(plan: BuildPlan, stores: readonly CredentialStore[]): Pick<BuildDeps, "askForBases"> {
  if (!isShipped(plan) || plan.credentials.kind === "secret" || plan.serviceAccount !== undefined) return {};
  const ask = { ...registryOptions(plan.registries, stores), timeout: BASE_IMAGE_TIMEOUT_MS };
  return { askForBases: (signal) => missingImageError(plan, { ...ask, signal }) };
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
