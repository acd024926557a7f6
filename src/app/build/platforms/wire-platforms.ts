/** A part of the composition root: one build for each of several platforms, and their index. */
import { join } from "node:path";
import { Interrupted, SlipwayError } from "../../../errors.ts";
import type { BuildResult, LoadedImage } from "../../../events.ts";
import type { Cluster } from "../../../lib/kube/cluster.ts";
import { makeScratchDirectory, removeScratchDirectory } from "../../../lib/files/scratch.ts";
import type { IndexDescriptor } from "../../../lib/registry/combine-index.ts";
import { RegistryClient } from "../../../lib/registry/registry-client.ts";
import type { RegistryOptions } from "../../../lib/registry/registry-client.ts";
import { omitUndefined } from "../../../lib/text/omit-undefined.ts";
import { PackedOnce } from "../../../pack/pack-once.ts";
import type { Export } from "../../../plan/docker/options.ts";
import { isForEngine } from "../../../plan/docker/results.ts";
import { isShipped, pushes } from "../../../plan/plan.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import { platformPlans } from "../../../plan/platform-plans.ts";
import type { PlatformPlan } from "../../../plan/platform-plans.ts";
import { checkNodes } from "../../../run/node-architectures.ts";
import { Stages } from "../../../run/stages.ts";
import { attester, buildDeps, provenanceFor } from "../build-deps.ts";
import type { ResolvedBuild, Surroundings } from "../build-deps.ts";
import { warnOfMisspeltStages } from "../known-faults.ts";
import { warnOfNothingKept } from "../nothing-kept.ts";
import { connected } from "../sharing.ts";
import type { Sharing } from "../sharing.ts";
import type { SeveralLoading } from "./loading-several.ts";
import { loaded } from "../run-build.ts";
import type { BuildDeps } from "../run-build.ts";
import { describePlan, runPlan } from "../run-plan.ts";
import type { ClusterChoice, WiredBuild } from "../wired-build.ts";
import type { MergedLayout } from "./merge-layouts.ts";
import { PlatformEvents } from "./platform-events.ts";
import { PlatformFailed } from "./platform-failed.ts";
import { ImageIndex } from "./publish-index.ts";
import type { PlatformImage } from "./publish-index.ts";
import { TemporaryTags } from "./temporary-tags.ts";
import { TagRecords, removeLeftTags } from "../../builds/left-tags.ts";
import { registryOptions } from "../../registry-options.ts";

/** For one answer of a registry: a manifest, or a layer that is copied to another repository. */
const REQUEST_TIMEOUT_MS = 10 * 60_000;
/** For removing one temporary tag. The user may be waiting for the end. */
const REMOVE_TIMEOUT_MS = 5000;

/**
 * @param begin called when the cluster is known, before anything is done
 * @throws InvalidInput if the plan cannot be built for several platforms
 */
export function wirePlatforms(
  resolved: ResolvedBuild,
  around: Surroundings,
  choice: ClusterChoice,
  sharing: Sharing | undefined,
  begin: () => void,
): WiredBuild {
  const children = platformPlans(resolved.plan, resolved.builder.pushesByDigest === true);
  const several = new SeveralBuild(resolved, around, children);
  return {
    plan: resolved.plan,
    attests: resolved.attests,
    isSeveral: true,
    provenance: provenanceFor(children.map(({ plan }) => plan)),
    describe: () => several.describe(),
    async build(leave) {
      await using cluster = await connected(choice, sharing);
      begin();
      void cluster.preconnect();
      warnOfNothingKept(resolved.plan, around.request, around.emit);
      warnOfMisspeltStages(resolved.plan, around.emit);
      const warning = await checkNodes(resolved.plan, resolved.plan.platforms ?? [], cluster, around.signal);
      if (warning !== undefined) around.emit({ type: "warning", message: warning });
      const loading = await openLoading(resolved.plan, around.signal);
      return await several.run(cluster, { leave, sharing, loading });
    },
  };
}

async function openLoading(plan: BuildPlan, signal: AbortSignal): Promise<SeveralLoading | undefined> {
  if (plan.exports?.some(isForEngine) !== true) return undefined;
  const { SeveralLoading } = await import("./loading-several.ts");
  return SeveralLoading.open(plan, process.env, signal);
}

/** How a build runs that is wanted. */
interface Running {
  /** Aborted when the client is to detach. */
  readonly leave: AbortSignal | undefined;
  readonly sharing: Sharing | undefined;
  /** Where the images are loaded, if they are. */
  readonly loading: SeveralLoading | undefined;
}

type ChildDeps = Omit<BuildDeps, "cluster">;

class SeveralBuild {
  readonly #resolved: ResolvedBuild;
  readonly #around: Surroundings;
  readonly #children: readonly PlatformPlan[];
  readonly #events: PlatformEvents;

  constructor(resolved: ResolvedBuild, around: Surroundings, children: readonly PlatformPlan[]) {
    this.#resolved = resolved;
    this.#around = around;
    this.#children = children;
    this.#events = new PlatformEvents(
      around.emit,
      children.map(({ text }) => text),
      resolved.plan.name,
    );
  }

  async describe(): Promise<Awaited<ReturnType<WiredBuild["describe"]>>> {
    using packed = this.#pack();
    const described = [];
    for (const child of this.#children) described.push(await describePlan(child.plan, this.#depsOf(child, packed)));
    return described;
  }

  async run(cluster: Cluster, { leave, sharing, loading }: Running): Promise<BuildResult> {
    const { emit } = this.#around;
    // Nobody else can finish this build, so a client that is to leave ends it.
    const signal = leave === undefined ? this.#around.signal : AbortSignal.any([this.#around.signal, leave]);
    const tags = this.#children.flatMap((child) => child.temporary);
    const temporary = new TemporaryTags(tags, () => this.#registry(REMOVE_TIMEOUT_MS), emit);
    const records = new TagRecords();
    const { registries, timeoutSeconds } = this.#resolved.plan;
    const forget = records.add(tags, registries, timeoutSeconds);
    const cleaned = tags.length === 0 ? undefined : this.#removeLeft(records);
    const layouts = wantsLayout(this.#resolved.plan) ? makeScratchDirectory("slipway-layouts-") : undefined;
    try {
      const images = await this.#buildAll(cluster, sharing, layouts, signal);
      const merged = layouts === undefined ? undefined : await this.#export(layouts);
      const published = await this.#publish(images, merged?.descriptor, temporary, signal);
      const load = omitUndefined({
        load: merged && loading && ((stages: Stages): Promise<LoadedImage> => loading.load(stages, merged)),
      });
      const result = { ...published, ...(await loaded(load, new Stages(emit), published.digest)) };
      emit({ type: "built", result });
      return result;
    } finally {
      if (layouts !== undefined) removeScratchDirectory(layouts);
      await temporary.remove();
      forget();
      await cleaned;
    }
  }

  /** Removes what earlier clients have left in this build's repositories, beside the build. */
  async #removeLeft(records: TagRecords): Promise<void> {
    const repositories = new Set(this.#resolved.plan.tags.map(({ name }) => name));
    const removed = await removeLeftTags(records, repositories, this.#registryOptions(REMOVE_TIMEOUT_MS));
    if (removed.length === 0) return;
    const message = `removed temporary tags of a client that was killed: ${removed.join(", ")}`;
    this.#around.emit({ type: "note", message });
  }

  /** @throws the first failure, once all builds have ended */
  async #buildAll(
    cluster: Cluster,
    sharing: Sharing | undefined,
    layouts: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly PlatformImage[]> {
    using packed = this.#pack();
    const stop = new AbortController();
    const inner = AbortSignal.any([signal, stop.signal]);
    const failures: unknown[] = [];
    const name = this.#whoAmI(cluster);
    const images = this.#children.map(async (child): Promise<PlatformImage | undefined> => {
      try {
        const deps = {
          ...this.#depsOf(child, packed, inner),
          whoAmI: () => name,
          cluster,
          ...omitUndefined({ sharing }),
        };
        const plan = layouts === undefined ? child.plan : withLayout(child.plan, join(layouts, child.plan.name));
        const result = await runPlan(plan, deps, this.#resolved.stores, inner);
        return { platform: child.platform, digest: "left" in result ? "" : result.digest };
      } catch (error) {
        failures.push(error instanceof SlipwayError ? new PlatformFailed(child.text, error) : error);
        stop.abort(new Interrupted("the build of another platform failed"));
        return undefined;
      } finally {
        this.#events.ended(child.text);
      }
    });
    const built = await Promise.all(images);
    if (failures.length > 0) throw failures[0];
    return built.filter((image) => image !== undefined);
  }

  /** Writes the layouts of all platforms as one, to each file that was asked for. */
  async #export(layouts: string): Promise<MergedLayout> {
    const { plan } = this.#resolved;
    const [{ mergeLayouts }, { openDestination }] = await Promise.all([
      import("./merge-layouts.ts"),
      import("../../../ship/export/destination.ts"),
    ]);
    const own = this.#children.map(({ platform, plan: { name } }) => ({ platform, root: join(layouts, name) }));
    const merged = await mergeLayouts(plan, own, new Date());
    for (const wanted of (plan.exports ?? []).filter(isLayout)) {
      if (isForEngine(wanted)) continue;
      const destination = openDestination(wanted);
      try {
        for await (const chunk of merged.archive()) destination.write(chunk);
        await destination.commit();
      } catch (error) {
        await destination.discard();
        throw error;
      }
    }
    return merged;
  }

  async #publish(
    images: readonly PlatformImage[],
    exported: IndexDescriptor | undefined,
    temporary: TemporaryTags,
    signal: AbortSignal,
  ): Promise<BuildResult> {
    const { plan } = this.#resolved;
    const facts = {
      name: plan.name,
      builder: plan.builder,
      // BuildKit writes names out in full only into archives.
      names: exported === undefined ? plan.names : plan.tags.map(String),
    };
    if (!pushes(plan)) {
      if (exported === undefined) return { ...facts, digest: "", references: [], imageless: true };
      const { digest, mediaType, size } = exported;
      return { ...facts, digest, descriptor: { mediaType, size }, references: [] };
    }
    const index = await ImageIndex.read(this.#registry(REQUEST_TIMEOUT_MS, signal), plan, images);
    // Some registries remove an image with its last tag. The index comes after that, so it never misses one.
    await temporary.remove();
    signal.throwIfAborted();
    await index.push();
    const built = this.#children.map(({ text }) => text).join(" and ");
    this.#around.emit({ type: "note", message: `each tag names one index with the images of ${built}` });
    const { digest, mediaType, size } = index.descriptor;
    if (plan.sign !== undefined) {
      const { attestations: _, ...unattested } = plan;
      await attester(unattested, this.#resolved, { ...this.#around, signal })(digest, new Stages(this.#around.emit));
    }
    return { ...facts, digest, descriptor: { mediaType, size }, references: plan.tags.map(String) };
  }

  /** The context, packed once for all pods. */
  #pack(): PackedOnce {
    const { plan } = this.#resolved;
    const { openArchive } = buildDeps(this.#resolved, { ...this.#around, emit: this.#events.ofPacking });
    return new PackedOnce(isShipped(plan) ? openArchive : nothing);
  }

  #depsOf({ plan, text }: PlatformPlan, packed: PackedOnce, signal = this.#around.signal): ChildDeps {
    const around = { ...this.#around, emit: this.#events.of(text), signal };
    const { attest: _, ...deps } = buildDeps({ ...this.#resolved, plan }, around);
    // An attestation names the image as users know it.
    const named = { ...plan, tags: this.#resolved.plan.tags };
    const attests = this.#resolved.attests && plan.attestations !== undefined;
    return {
      ...deps,
      openArchive: packed.open,
      describeImage: () => Promise.resolve(undefined),
      ...(attests ? { attest: attester(named, this.#resolved, around) } : {}),
    };
  }

  /** Asked once for all builds. */
  async #whoAmI(cluster: Cluster): Promise<string> {
    const { whoAmI } = await import("../../who-am-i.ts");
    return whoAmI(cluster, process.env, this.#around.signal);
  }

  #registry(timeout: number, signal?: AbortSignal): RegistryClient {
    return new RegistryClient({ ...this.#registryOptions(timeout), ...omitUndefined({ signal }) });
  }

  #registryOptions(timeout: number): RegistryOptions {
    const { plan, stores } = this.#resolved;
    return { ...registryOptions(plan.registries, stores), timeout };
  }
}

function isLayout(wanted: Export): boolean {
  return wanted.kind === "archive" && wanted.format === "oci";
}

function wantsLayout({ exports = [] }: BuildPlan): boolean {
  return exports.some(isLayout);
}

/** The plan of one platform with its layout, once, in a directory of this machine. */
function withLayout(plan: BuildPlan, directory: string): BuildPlan {
  const layout: Export = { kind: "archive", format: "oci", dest: directory, directory: true };
  return { ...plan, exports: [layout, ...(plan.exports ?? []).filter((wanted) => !isLayout(wanted))] };
}

async function* nothing(): AsyncIterable<Uint8Array> {}
