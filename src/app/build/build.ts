/** The composition root of `build`: from a request to a build with everything that it needs. */
import { buildDeps, provenanceFor } from "./build-deps.ts";
import type { ResolvedBuild } from "./build-deps.ts";
import { connected } from "./sharing.ts";
import type { Sharing } from "./sharing.ts";
import type { Emit } from "../../events.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { gatherInputs } from "../../plan/gather.ts";
import { secretsOf } from "../../plan/git-token.ts";
import { isShipped } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { repositoryNotices } from "../../plan/in-repository.ts";
import { fitsOnePod } from "../../plan/platform-plans.ts";
import { needsAttesting } from "../../attest/needs.ts";
import type { Builder } from "../../builders/builder.ts";
import { platformText } from "../../lib/image/platform.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import { findCredential, openStores } from "../../lib/credentials/stores.ts";
import type { Loading } from "./load/loading.ts";
import type { OnePodLoading } from "./platforms/loading-several.ts";
import type { Stages } from "../../run/stages.ts";
import { isForEngine } from "../../plan/docker/results.ts";
import { noticesOf } from "../../plan/docker/read-options.ts";
import { readSecrets, unsetVariables } from "../../plan/docker/secrets.ts";
import { readSshKeys } from "../../plan/docker/ssh-keys.ts";
import type { GivenLogins } from "../../lib/credentials/stores.ts";
import { OWN_NAMESPACE } from "../../plan/pod/options.ts";
import { refuseMissingSources, warnOfMisspeltStages } from "./known-faults.ts";
import { warnOfNothingKept } from "./nothing-kept.ts";
import { SecondBuildAdvice } from "./second-build.ts";
import { planRequest } from "./plan-request.ts";
import { describePlan, runPlan } from "./run-plan.ts";
import { checkNodes } from "../../run/node-architectures.ts";
import type { SecretValues } from "../../run/volumes.ts";
import { shipCredentials } from "./credentials.ts";
import { userName } from "../user-name.ts";
import type { ClusterChoice, WiredBuild } from "./wired-build.ts";
import { VERSION } from "../../version.ts";

export type { GivenLogins };

export type { ClusterChoice, WiredBuild };

/** Inputs of a build that are not on its command line. */
export interface BuildSources {
  readonly stdin?: () => AsyncIterable<Uint8Array>;
  /** Logins that come before all others. */
  readonly logins?: GivenLogins | undefined;
  /** Values in the request that are secret, though they stand in args. */
  readonly secretTexts?: readonly string[];
  /** With the other builds of the same command. */
  readonly sharing?: Sharing;
  /** A person reads the notes, and may be told how the next build is faster. */
  readonly advises?: boolean;
  /** Told which builder was chosen, if none was named and no other was tried before. For people: a script need not hear of it. */
  readonly sayBuilder?: ((message: string) => void) | undefined;
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
  // A build that is refused has no builder: the choice is said when it begins.
  const choices: string[] = [];
  const sayBuilder = (message: string): void => void choices.push(message);
  const begin = (): void => choices.forEach((message) => sources.sayBuilder?.(message));
  const resolved = await resolveBuild(request, choice, emit, signal, { ...sources, sayBuilder });
  const around = { request, logins, emit, signal };
  if (resolved.plan.platforms !== undefined && resolved.onePod !== true) {
    const { wirePlatforms } = await import("./platforms/wire-platforms.ts");
    return wirePlatforms(resolved, around, choice, sources.sharing, begin);
  }
  const { plan, stores, attests } = resolved;
  const deps = buildDeps(resolved, around);
  return {
    plan,
    attests,
    provenance: provenanceFor(plan.platforms?.map((platform) => ({ ...plan, platform })) ?? [plan]),
    async describe() {
      return [await describePlan(plan, deps)];
    },
    async build(leave) {
      // The kubeconfig is read first, so that a fault in it is reported before anything is packed; meanwhile the connection is prepared.
      await using cluster = await connected(choice, sources.sharing);
      begin();
      // A kept builder is dialled while it is looked up.
      void cluster.preconnect(plan.keepSeconds === undefined ? 0 : 1);
      warnOfNothingKept(plan, request, emit);
      warnOfMisspeltStages(plan, emit);
      if (plan.platform !== undefined) {
        const warning = await checkNodes(plan, [plan.platform], cluster, signal);
        if (warning !== undefined) emit({ type: "warning", message: warning });
      }
      using loading = plan.exports?.some(isForEngine) === true ? await openLoading(plan, stores, signal) : undefined;
      const load =
        loading === undefined ? {} : { load: (stages: Stages, digest: string) => loading.load(stages, digest) };
      const final = loading?.plan ?? plan;
      const shared = omitUndefined({ sharing: sources.sharing });
      const advice = sources.advises === true ? new SecondBuildAdvice(emit) : undefined;
      const watched = advice === undefined ? {} : { emit: advice.watch };
      const result = await runPlan(final, { ...deps, ...load, cluster, ...shared, ...watched }, stores, signal, leave);
      if (!("left" in result)) advice?.say(final, resolved.builder, process.env);
      return result;
    },
  };
}

async function openLoading(
  plan: BuildPlan,
  stores: readonly CredentialStore[],
  signal: AbortSignal,
): Promise<Loading | OnePodLoading> {
  if (plan.platforms !== undefined) {
    const { OnePodLoading } = await import("./platforms/loading-several.ts");
    return OnePodLoading.open(plan, process.env, signal);
  }
  const { Loading } = await import("./load/loading.ts");
  return Loading.open(plan, process.env, (registry) => findCredential(stores, registry), signal);
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
  { stdin = () => process.stdin, logins, secretTexts = [], sayBuilder }: BuildSources,
): Promise<ResolvedBuild> {
  const say = (message: string): void => emit({ type: "waiting", message });
  const warn = (message: string): void => emit({ type: "warning", message });
  const inputs = await gatherInputs(request, { stdin, say, signal });
  const facts = { env: process.env, user: userName(), version: VERSION };
  const sayChoice = (message: string): void => emit({ type: "note", message });
  const requested = await planRequest(request, inputs, facts, sayChoice, sayBuilder);
  const { builder } = requested;
  if (isShipped(requested.plan)) refuseMissingSources(requested.plan);
  const marked = secretTexts.length === 0 ? requested.plan : { ...requested.plan, secretTexts };
  const tenanted = await withTenant(marked, choice);
  for (const message of repositoryNotices(tenanted)) emit({ type: "note", message });
  const unset = unsetVariables(secretsOf(tenanted), process.env);
  for (const message of [...cautionsOf(builder, tenanted), ...noticesOf(request.docker ?? {}), ...unset]) warn(message);
  if (tenanted.exports !== undefined) {
    const { checkDestinations } = await import("../../ship/export/destination.ts");
    await checkDestinations(tenanted.exports, process.stdout.isTTY);
  }
  const attests = needsAttesting(tenanted, builder.attestsItself === true);
  const onePod = tenanted.platforms !== undefined && builder.crossBuilds === true && fitsOnePod(tenanted);
  if (onePod) {
    const platforms = (tenanted.platforms ?? []).map(platformText).join(" and ");
    emit({ type: "note", message: `one pod builds ${platforms}: the Dockerfile runs no program of another platform` });
  }
  if (tenanted.sign !== undefined) {
    const { findCosign, logCaution } = await import("../../attest/cosign.ts");
    findCosign(process.env);
    const caution = logCaution(tenanted, process.env);
    if (caution !== undefined) warn(caution);
  }
  const secrets = await secretValues(tenanted);
  const stores = request.noCredentials === true ? [] : await openStores(process.env, logins);
  // A kept builder asks for logins when it needs them.
  if (tenanted.keepSeconds !== undefined) return { plan: tenanted, builder, stores, secrets, attests, onePod };
  // shipCredentials returns the final plan, and the config.json for it.
  return { ...(await shipCredentials(tenanted, stores, warn)), builder, stores, secrets, attests, onePod };
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
