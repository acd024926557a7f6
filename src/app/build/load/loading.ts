/**
 * `--load`: the image goes into the local engine. The builder's archive is received like any other result, and is complete and
 * verified on this disk before the engine is sent a byte of it.
 */
import { createReadStream, statSync } from "node:fs";
import { join } from "node:path";
import { makeScratchDirectory, removeScratchDirectory } from "../../../lib/files/scratch.ts";
import { EngineRefusal } from "../../../lib/engine/engine-client.ts";
import { EngineArchive } from "./engine-archive.ts";
import type { LoadedImage, StageTimer } from "../../../events.ts";
import { formatBytes } from "../../../lib/text/measures.ts";
import { isForEngine } from "../../../plan/docker/results.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import { engineFault, reachEngine } from "./reach-engine.ts";
import type { ReachedEngine } from "./reach-engine.ts";

const ARCHIVE = "image.tar";

export class Loading implements Disposable {
  /** The same build, whose archive for the engine goes to a file. */
  readonly plan: BuildPlan;
  readonly #engine: ReachedEngine;
  readonly #directory: string;

  private constructor(plan: BuildPlan, engine: ReachedEngine, directory: string) {
    this.#engine = engine;
    this.#directory = directory;
    const dest = join(directory, ARCHIVE);
    this.plan = {
      ...plan,
      exports: (plan.exports ?? []).map((wanted) => (isForEngine(wanted) ? { ...wanted, dest } : wanted)),
    };
  }

  /** @throws InvalidInput if there is no engine, or it does not answer. Nothing has been created yet. */
  static async open(plan: BuildPlan, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Loading> {
    const engine = await reachEngine(env, signal);
    return new Loading(plan, engine, makeScratchDirectory("slipway-load-"));
  }

  /** Called when the archive is there. @throws InvalidInput if the engine does not take the image */
  async load(stages: StageTimer): Promise<LoadedImage> {
    const { client, info, found } = this.#engine;
    stages.start("load", `${info.name} at ${found.text}`);
    try {
      const names = this.plan.tags.map((tag) => tag.toFamiliarString());
      const { reported, bytes } = await this.#send(names);
      const [first] = reported;
      const image = first === undefined ? undefined : await client.image(first);
      if (image === undefined) throw new Error("it reported no image in the archive");
      for (const tag of this.plan.tags) await client.tag(image.id, tag.name, tag.tag ?? "latest");
      stages.done("load", `${names.join(", ") || image.id}, ${formatBytes(bytes)} sent`, bytes);
      return { id: image.id, names };
    } catch (error) {
      throw engineFault(found, error, "the image is built, but the engine did not take it");
    }
  }

  /** First an archive without layers: the engine has them all, or names the first that it lacks. */
  async #send(names: readonly string[]): Promise<{ readonly reported: readonly string[]; readonly bytes: number }> {
    const { client, info } = this.#engine;
    const path = join(this.#directory, ARCHIVE);
    const archive = await EngineArchive.read(path);
    if (archive === undefined)
      return { reported: await client.load(createReadStream(path)), bytes: statSync(path).size };
    let from = 0;
    if (!info.isPodman && !info.usesContainerd) {
      const { layers } = archive;
      const { stream, bytes } = archive.write(names, layers.length);
      try {
        return { reported: await client.load(stream), bytes };
      } catch (error) {
        if (!(error instanceof EngineRefusal)) throw error;
        from = Math.max(
          0,
          layers.findIndex((name) => error.message.includes(name)),
        );
      }
    }
    const { stream, bytes } = archive.write(names, from);
    return { reported: await client.load(stream), bytes };
  }

  [Symbol.dispose](): void {
    removeScratchDirectory(this.#directory);
  }
}
