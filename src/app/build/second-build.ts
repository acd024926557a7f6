/** Says once per project how a second build would be faster. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Builder } from "../../builders/builder.ts";
import type { BuildEvent, Emit } from "../../events.ts";
import { trustedCacheDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";
import { formatElapsed } from "../../lib/text/measures.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A build that takes no longer is fast enough. */
const LONG_BUILD_MS = 15_000;

/** What is known of a build once it has ended. */
export interface FinishedBuild {
  readonly tookMs: number;
  /** A step was taken from a cache. */
  readonly usedCache: boolean;
}

/** The note for a long build without a cache; undefined where it would be wrong, or the user has decided. */
export function secondBuildNote(
  plan: BuildPlan,
  { layerCache }: Pick<Builder, "layerCache">,
  { tookMs, usedCache }: FinishedBuild,
): string | undefined {
  const { keepSeconds, cacheVolume, cacheFrom = [], cacheTo = [], noCache } = plan;
  const hasDecided = keepSeconds !== undefined || cacheVolume !== undefined || noCache;
  if (hasDecided || usedCache || cacheFrom.length > 0 || cacheTo.length > 0 || tookMs < LONG_BUILD_MS) return undefined;
  const cache = layerCache !== undefined && pushes(plan) ? " or --cache" : "";
  return `this build took ${formatElapsed(tookMs)} and found no cache; with --keep 30m${cache} the next one is faster`;
}

/** The cache directory's record of what a project was told. One empty file for each, named by a hash: a name says nothing of the project. */
export class ToldOnce {
  readonly #directory: string | undefined;

  constructor(env: Environment) {
    const cache = trustedCacheDirectory(env);
    this.#directory = cache === undefined ? undefined : join(cache, "told");
  }

  /** Whether this is the first time, which is then recorded. False where it cannot be recorded: it would be said at every build. */
  isFirst(project: string): boolean {
    if (this.#directory === undefined) return false;
    const file = join(this.#directory, createHash("sha256").update(project).digest("hex"));
    if (existsSync(file)) return false;
    try {
      makeTrustedDirectory(this.#directory);
      replaceFile(file, "", { mode: 0o600 });
      return true;
    } catch {
      return false;
    }
  }
}

/** Watches a build's events, and says at its end what would make the next one faster, if the project was not told yet. */
export class SecondBuildAdvice {
  readonly #emit: Emit;
  readonly #began = performance.now();
  #usedCache = false;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  readonly watch = (event: BuildEvent): void => {
    if (event.type === "step-done" && event.cached) this.#usedCache = true;
    this.#emit(event);
  };

  /** The build has succeeded. */
  say(plan: BuildPlan, builder: Pick<Builder, "layerCache">, env: Environment): void {
    const finished = { tookMs: performance.now() - this.#began, usedCache: this.#usedCache };
    const note = secondBuildNote(plan, builder, finished);
    const project = plan.context?.project ?? plan.context?.root ?? plan.repository?.url;
    if (note === undefined || project === undefined || !new ToldOnce(env).isFirst(project)) return;
    this.#emit({ type: "note", message: note });
  }
}
