/** The plan's context as the cache transport wants it: what is in it, and archives of what changed. */
import { ChosenPaths } from "./pruned-paths.ts";
import type { HashStore } from "./hash-store.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./read-manifest.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { PruningDecision } from "./prune-context.ts";
import type { Emit } from "../events.ts";
import { packPlan } from "./open-context.ts";
import type { ShippedPlan } from "../plan/plan.ts";

export interface ExtraFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/** The context as the cache wants it: what it holds, and archives of all or some of it. */
export interface CacheSource {
  /** Read anew each time it is called. */
  manifest(): Promise<Manifest>;
  /**
   * The archive of these paths, of all when there are none named.
   * @param extra put before everything else
   */
  archive(paths: ReadonlySet<string> | undefined, extra: readonly ExtraFile[]): AsyncIterable<Uint8Array>;
}

/**
 * @param decide what of the context to send, asked once, when it is first read
 * @param openHashes what is known of the files' content from builds before
 */
export function openCacheSource(
  plan: ShippedPlan,
  decide: () => Promise<PruningDecision>,
  openHashes: () => HashStore,
  emit: Emit,
  signal: AbortSignal,
): CacheSource {
  let decided: Promise<PruningDecision> | undefined;
  let begun: Promise<Manifest> | undefined;
  let started = 0;
  let entries = 0;

  const read = async (): Promise<Manifest> => {
    started = performance.now();
    emit({ type: "stage-started", stage: "pack" });
    const decision = await (decided ??= decide());
    const filter = decision.kind === "pruned" ? decision.paths : undefined;
    const manifest = await readManifest({ ...plan.context, filter, signal }, openHashes(), plan.latestTime);
    entries = manifest.entries.length;
    return manifest;
  };
  // While the pod is on its way there is time to read; a failure is told when it is asked for.
  begun = new Promise((resolve) => setImmediate(resolve)).then(read);
  begun.catch(() => {});
  return {
    manifest() {
      const first = begun ?? read();
      begun = undefined;
      return first;
    },
    async *archive(paths: ReadonlySet<string> | undefined, extra: readonly ExtraFile[]) {
      const decision = await (decided ??= decide());
      const all = decision.kind === "pruned" ? decision.paths : undefined;
      const filter = paths === undefined ? all : new ChosenPaths(paths);
      const packed = packPlan({ ...plan, context: { ...plan.context, filter } }, extra, emit, signal);
      yield* packed;
      const { fileBytes, archiveBytes } = packed.totals;
      const changed = paths === undefined ? `all ${entries} entries` : `${paths.size} of ${entries} entries changed`;
      emit({
        type: "stage-done",
        stage: "pack",
        ms: Math.round(performance.now() - started),
        bytes: archiveBytes,
        detail: `${changed}, ${formatBytes(fileBytes)}, ${formatBytes(archiveBytes)} packed`,
      });
    },
  };
}
