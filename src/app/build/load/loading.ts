/**
 * `--load`: the image goes into the local engine. The builder's archive is received like any other result, and is complete and
 * verified on this disk before the engine is sent a byte of it.
 */
import { createReadStream, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadedImage, StageTimer } from "../../../events.ts";
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
    return new Loading(plan, engine, await mkdtemp(join(tmpdir(), "slipway-load-")));
  }

  /** Called when the archive is there. @throws InvalidInput if the engine does not take the image */
  async load(stages: StageTimer): Promise<LoadedImage> {
    const { client, info, found } = this.#engine;
    stages.start("load", `${info.name} at ${found.text}`);
    const path = join(this.#directory, ARCHIVE);
    try {
      const reported = await client.load(createReadStream(path));
      const [first] = reported;
      const image = first === undefined ? undefined : await client.image(first);
      if (image === undefined) throw new Error("it reported no image in the archive");
      for (const tag of this.plan.tags) await client.tag(image.id, tag.name, tag.tag ?? "latest");
      const names = this.plan.tags.map((tag) => tag.toFamiliarString());
      stages.done("load", names.join(", ") || image.id, statSync(path).size);
      return { id: image.id, names };
    } catch (error) {
      throw engineFault(found, error, "the image is built, but the engine did not take it");
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
