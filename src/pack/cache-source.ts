/** The plan's context for the cache transport: a manifest of its entries, and archives of the changed ones. */
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

/** The context for the cache transport. */
export interface CacheSource {
  /** Lists the entries of the context. Each call reads the context again. */
  manifest(): Promise<Manifest>;
  /**
   * The archive of these paths; of all paths if none are given.
   * @param extra files that come first
   */
  archive(paths: ReadonlySet<string> | undefined, extra: readonly ExtraFile[]): AsyncIterable<Uint8Array>;
}

/**
 * @param decide decides what to send; called once, at the first read
 * @param openHashes opens the hashes of files that earlier builds stored
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
  // Read while the pod starts. A failure is thrown when the manifest is requested.
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
