/**
 * `--load`: the image goes into the local engine. The engine pulls it where it can. Else the builder's archive is received like any
 * other result, and is complete and verified on this disk before the engine is sent a byte of it.
 */
import { join } from "node:path";
import { makeScratchDirectory, removeScratchDirectory } from "../../../lib/files/scratch.ts";
import { EngineRefusal } from "../../../lib/engine/engine-client.ts";
import type { EngineContainer } from "../../../lib/engine/engine-client.ts";
import { EngineArchive } from "./engine-archive.ts";
import type { LoadedImage, StageTimer } from "../../../events.ts";
import { formatBytes } from "../../../lib/text/measures.ts";
import { isForEngine } from "../../../plan/docker/results.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import { planPull } from "./engine-pull.ts";
import type { EnginePull, FindCredential } from "./engine-pull.ts";
import { importInto, nodesFor } from "./kind-nodes.ts";
import { engineFault, reachEngine } from "./reach-engine.ts";
import type { ReachedEngine } from "./reach-engine.ts";

const ARCHIVE = "image.tar";

interface Taken {
  /** A name or an ID of the image, as the engine reports it. */
  readonly reported: string | undefined;
  /** What the engine was sent of the image. */
  readonly bytes: number;
}

export class Loading implements Disposable {
  /** The same build: its archive for the engine goes to a file, or is not made if the engine pulls. */
  readonly plan: BuildPlan;
  readonly #engine: ReachedEngine;
  readonly #directory: string;
  readonly #pull: EnginePull | undefined;
  /** The nodes of a kind cluster, which get the image instead of the engine. */
  readonly #nodes: readonly EngineContainer[];

  private constructor(
    plan: BuildPlan,
    engine: ReachedEngine,
    directory: string,
    { pull, nodes = [] }: { pull?: EnginePull | undefined; nodes?: readonly EngineContainer[] },
  ) {
    this.#engine = engine;
    this.#directory = directory;
    this.#pull = pull;
    this.#nodes = nodes;
    const dest = join(directory, ARCHIVE);
    const { exports = [], ...rest } = plan;
    const wanted = exports.flatMap((one) => {
      if (!isForEngine(one)) return [one];
      return pull === undefined ? [{ ...one, dest }] : [];
    });
    this.plan = wanted.length === 0 ? rest : { ...rest, exports: wanted };
  }

  /** @throws InvalidInput if there is no engine, or it does not answer. Nothing has been created yet. */
  static async open(
    plan: BuildPlan,
    env: NodeJS.ProcessEnv,
    credentialOf: FindCredential,
    signal: AbortSignal,
  ): Promise<Loading> {
    const target = plan.exports?.find(isForEngine)?.engine;
    const engine = await reachEngine(env, signal);
    try {
      const how =
        target?.store === "kind"
          ? { nodes: await nodesFor(plan, engine.client, target.cluster) }
          : { pull: await planPull(plan, engine, credentialOf) };
      return new Loading(plan, engine, makeScratchDirectory("slipway-load-"), how);
    } catch (error) {
      throw engineFault(engine.found, error, "--load cannot use the container engine");
    }
  }

  /**
   * Called when the image is pushed, and the archive is there.
   * @param digest the image's in its registry, if it is pushed
   * @throws InvalidInput if the engine does not take the image
   */
  async load(stages: StageTimer, digest: string): Promise<LoadedImage> {
    if (this.#nodes.length > 0) return this.#loadIntoNodes(stages);
    const { client, info, found } = this.#engine;
    stages.start("load", `${info.name} at ${found.text}`);
    try {
      const names = this.plan.tags.map((tag) => tag.toFamiliarString());
      const { reported, bytes } =
        this.#pull === undefined ? await this.#send(names) : await this.#pulled(this.#pull, digest);
      const image = reported === undefined ? undefined : await client.image(reported);
      if (image === undefined) throw new Error("it reported no image");
      for (const tag of this.plan.tags) await client.tag(image.id, tag.name, tag.tag ?? "latest");
      const how = this.#pull === undefined ? `${formatBytes(bytes)} sent` : `pulled from ${this.#pull.from.registry}`;
      stages.done("load", `${names.join(", ") || image.id}, ${how}`, bytes);
      return { id: image.id, names };
    } catch (error) {
      const [first] = this.plan.tags;
      if (this.#pull === undefined || first === undefined)
        throw engineFault(found, error, "the image is built, but the engine did not take it");
      throw engineFault(found, error, "the image is pushed, but the engine did not pull it", [
        `Pull it: docker pull ${first.toFamiliarString()}`,
      ]);
    }
  }

  async #loadIntoNodes(stages: StageTimer): Promise<LoadedImage> {
    const { client, found } = this.#engine;
    const names = this.plan.tags.map((tag) => tag.toFamiliarString());
    stages.start("load", `kind nodes ${this.#nodes.map(({ name }) => name).join(", ")} at ${found.text}`);
    try {
      const archive = await EngineArchive.read(join(this.#directory, ARCHIVE));
      const full = this.plan.tags.map(String);
      let bytes = 0;
      for (const node of this.#nodes) bytes += await importInto(client, node, () => archive.write(full, 0), full);
      stages.done("load", `${names.join(", ")}, ${formatBytes(bytes)} sent`, bytes);
      return { id: await archive.imageId(), names };
    } catch (error) {
      throw engineFault(found, error, "the image is built, but the engine did not take it");
    }
  }

  /** By its digest, as the tag may be another build's by now. */
  async #pulled({ from: { name }, login }: EnginePull, digest: string): Promise<Taken> {
    const reported = `${name}@${digest}`;
    await this.#engine.client.pull(reported, login);
    return { reported, bytes: 0 };
  }

  /** First an archive without layers: the engine has them all, or names the first that it lacks. */
  async #send(names: readonly string[]): Promise<Taken> {
    const { client, info } = this.#engine;
    const path = join(this.#directory, ARCHIVE);
    const archive = await EngineArchive.read(path);
    const load = async ({ stream, bytes }: ReturnType<EngineArchive["write"]>): Promise<Taken> => {
      const [reported] = await client.load(stream);
      return { reported, bytes };
    };
    let from = 0;
    if (!info.isPodman && !info.usesContainerd) {
      const { layers } = archive;
      try {
        return await load(archive.write(names, layers.length));
      } catch (error) {
        if (!(error instanceof EngineRefusal)) throw error;
        from = Math.max(
          0,
          layers.findIndex((name) => error.message.includes(name)),
        );
      }
    }
    return load(archive.write(names, from));
  }

  [Symbol.dispose](): void {
    removeScratchDirectory(this.#directory);
  }
}
