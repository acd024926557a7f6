/**
 * `--load` of several platforms: one OCI layout with an index and all its images goes into a store that keeps indexes. Docker's
 * containerd store does, and so does the containerd of a kind node; Docker's classic store and Podman keep one platform of an image.
 */
import { join } from "node:path";
import { Readable } from "node:stream";
import { InvalidInput } from "../../../errors.ts";
import type { LoadedImage, StageTimer } from "../../../events.ts";
import type { EngineContainer } from "../../../lib/engine/engine-client.ts";
import { makeScratchDirectory, removeScratchDirectory } from "../../../lib/files/scratch.ts";
import { platformText } from "../../../lib/image/platform.ts";
import { formatBytes } from "../../../lib/text/measures.ts";
import type { Export } from "../../../plan/docker/options.ts";
import { AS_OCI, NO_LISTS, isForEngine } from "../../../plan/docker/results.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import { mergeLayouts } from "./merge-layouts.ts";
import type { MergedLayout } from "./merge-layouts.ts";
import { importInto, nodesFor } from "../load/kind-nodes.ts";
import { SEVERAL_WITHOUT_ENGINE, engineFault, reachEngine } from "../load/reach-engine.ts";
import type { ReachedEngine } from "../load/reach-engine.ts";

export class SeveralLoading {
  readonly #plan: BuildPlan;
  readonly #engine: ReachedEngine;
  /** The nodes of a kind cluster, which get the images instead of the engine. */
  readonly #nodes: readonly EngineContainer[];

  private constructor(plan: BuildPlan, engine: ReachedEngine, nodes: readonly EngineContainer[]) {
    this.#plan = plan;
    this.#engine = engine;
    this.#nodes = nodes;
  }

  /**
   * Called before anything is created.
   * @throws InvalidInput if there is no engine, it does not answer, or it keeps one platform of an image
   */
  static async open(plan: BuildPlan, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<SeveralLoading> {
    const engine = await reachEngine(env, signal, SEVERAL_WITHOUT_ENGINE);
    const target = plan.exports?.find(isForEngine)?.engine;
    if (target?.store === "kind") {
      try {
        return new SeveralLoading(plan, engine, await nodesFor(plan, engine.client, target.cluster));
      } catch (error) {
        throw engineFault(engine.found, error, "--load cannot use the container engine", SEVERAL_WITHOUT_ENGINE);
      }
    }
    if (!engine.info.usesContainerd) throw withoutIndexes(plan, engine);
    return new SeveralLoading(plan, engine, []);
  }

  /** @throws InvalidInput if the engine or a node does not take the images */
  async load(stages: StageTimer, merged: MergedLayout): Promise<LoadedImage> {
    const { info, found } = this.#engine;
    const names = this.#plan.tags.map((tag) => tag.toFamiliarString());
    const where = this.#nodes.length === 0 ? info.name : `kind nodes ${this.#nodes.map(({ name }) => name).join(", ")}`;
    stages.start("load", `${where} at ${found.text}`);
    try {
      const bytes = this.#nodes.length === 0 ? await this.#intoEngine(merged) : await this.#intoNodes(merged);
      const { digest } = merged.descriptor;
      const platforms = (this.#plan.platforms ?? []).map(platformText).join(" and ");
      stages.done("load", `${names.join(", ") || digest} for ${platforms}, ${formatBytes(bytes)} sent`, bytes);
      return { id: digest, names };
    } catch (error) {
      throw engineFault(found, error, "the image is built, but the engine did not take it", SEVERAL_WITHOUT_ENGINE);
    }
  }

  /** @returns bytes sent */
  async #intoEngine({ archive, bytes, descriptor: { digest } }: MergedLayout): Promise<number> {
    const { client } = this.#engine;
    const reported = await client.load(streamOf(archive));
    // The ID of an image in this store is the digest of its index.
    for (const name of this.#plan.tags.length === 0 ? reported.slice(0, 1) : this.#plan.tags.map(String)) {
      const image = await client.image(name);
      if (image?.id !== digest) throw new Error(`${name} is not the image ${digest} there`);
    }
    if (reported.length === 0) throw new Error("it reported no image");
    return bytes;
  }

  /** @returns bytes sent */
  async #intoNodes({ archive, bytes }: MergedLayout): Promise<number> {
    const write = () => ({ stream: streamOf(archive), bytes });
    let sent = 0;
    for (const node of this.#nodes) {
      sent += await importInto(this.#engine.client, node, write, this.#plan.tags.map(String));
    }
    return sent;
  }
}

function streamOf(archive: MergedLayout["archive"]): Readable {
  return Readable.from(archive(), { objectMode: false });
}

/** In docker's words, and then in the engine's own. */
function withoutIndexes({ platforms = [] }: BuildPlan, { info, found }: ReachedEngine): InvalidInput {
  const [first] = platforms;
  const one = first === undefined ? "PLATFORM" : platformText(first);
  return new InvalidInput(
    `${NO_LISTS}: ${info.name} at ${found.text} (${found.source}) keeps one platform of an image`,
    {
      docker: "refuses",
      suggestions: [
        `Load the image of one platform: --platform ${one} --load`,
        "Or push all of them: --push without --load",
        ...(info.isPodman
          ? []
          : [
              "Or let Docker use its containerd image store, as Docker 29 does: https://docs.docker.com/engine/storage/containerd/",
            ]),
        AS_OCI,
      ],
    },
  );
}

/** Of a build whose one pod makes the images of all platforms. */
export class OnePodLoading implements Disposable {
  /** The same build: its layout goes to a directory of this machine. */
  readonly plan: BuildPlan;
  readonly #loading: SeveralLoading;
  readonly #directory: string;

  private constructor(plan: BuildPlan, loading: SeveralLoading, directory: string) {
    this.#loading = loading;
    this.#directory = directory;
    const own = (wanted: Export): Export =>
      isForEngine(wanted) ? { ...wanted, dest: this.#layout, directory: true } : wanted;
    this.plan = { ...plan, exports: (plan.exports ?? []).map(own) };
  }

  /** @throws InvalidInput as `SeveralLoading.open` */
  static async open(plan: BuildPlan, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<OnePodLoading> {
    const loading = await SeveralLoading.open(plan, env, signal);
    return new OnePodLoading(plan, loading, makeScratchDirectory("slipway-load-"));
  }

  get #layout(): string {
    return join(this.#directory, "layout");
  }

  async load(stages: StageTimer): Promise<LoadedImage> {
    const layouts = (this.plan.platforms ?? []).slice(0, 1).map((platform) => ({ platform, root: this.#layout }));
    // The names in the archive are those that were asked for, not those that came from the pod.
    return this.#loading.load(stages, await mergeLayouts(this.plan, layouts, new Date()));
  }

  [Symbol.dispose](): void {
    removeScratchDirectory(this.#directory);
  }
}
