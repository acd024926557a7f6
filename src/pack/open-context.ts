/** The archive of a plan's context, in the layout that every transport and builder expects: `context/`, `dockerfile/`, marker last. */
import { surveyContext } from "./survey.ts";
import type { Survey } from "./survey.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { WalkFilter } from "./walk.ts";
import type { Emit } from "../events.ts";
import type { ContextSource, ShippedPlan } from "../plan/plan.ts";
import { packContext } from "./pack.ts";
import type { PackNote, PackOptions, PackedContext } from "./pack.ts";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import { CONTEXT_DIR, DOCKERFILE_DIR, MARKER, MODES_DIR, MODE_PAIRS, NAMED_DIR } from "../plan/layout.ts";
import type { PruningDecision } from "./prune-context.ts";

const HEAVIEST_COUNT = 3;

/** Part of the threshold, packed, after which the whole context is surveyed: a small context is not walked twice. */
const SURVEYED_PART = 0.1;

/** Milliseconds of packing after which it is surveyed as well: a person waits by then, and wants to know for how long. */
const SURVEYED_AFTER_MS = 1000;

/** Bytes of an entry in a tar beside its content: the header and, on average, half a block of padding. */
const ENTRY_BYTES = 512 + 256;

/** Warns about a large context while there is time to stop. @param threshold in bytes */
function warnOfWeight(
  { fileBytes, heaviest }: Survey,
  { ignoreName = ".dockerignore" }: ContextSource,
  threshold: number,
  emit: Emit,
): void {
  if (fileBytes <= threshold) return;
  const places = heaviest.map(({ path, bytes }) => `${path} (${formatBytes(bytes)})`).join(", ");
  emit({
    type: "warning",
    message: `the context has ${formatBytes(fileBytes)}, more than ${formatBytes(threshold)}; most of it is in ${places}`,
    suggestions: [
      `Exclude files that the build does not need: add them to ${ignoreName}.`,
      "List the files that are sent: slipway context",
    ],
  });
}

/** Returns the bytes of the archive. Each call starts from the beginning. */
export type OpenArchive = () => AsyncIterable<Uint8Array>;

/** gzip level of a reproducible context. */
const FIXED_GZIP_LEVEL = 1;

/**
 * A builder filters the context again with the ignore file beside the Dockerfile, by its own rules. This file has only a comment:
 * if it were empty, some builders would use the context's ignore file.
 */
export const NO_RULES = "# The client has applied the context's ignore file already.\n";

/**
 * @param decide decides what to send; called once, when the archive is first opened
 * @throws InvalidInput for a malformed ignore file
 */
export function openContext(
  plan: ShippedPlan,
  decide: () => Promise<PruningDecision>,
  emit: Emit,
  signal: AbortSignal,
): OpenArchive {
  for (const { ignoreFile, ignoreName } of [plan.context, ...(plan.directories ?? [])])
    parseIgnoreFile(ignoreFile, ignoreName);
  let decided: Promise<PruningDecision> | undefined;
  const threshold = plan.contextWarning;
  let surveyed: Promise<void> | undefined;
  /** About how many bytes of tar there will be; undefined until the survey has ended. */
  let tarBytesInAll: number | undefined;
  return () => timed();

  /** Reads no file, and is far ahead of the packing. */
  async function survey(context: FilteredContext): Promise<void> {
    const found = await surveyContext({ ...context, signal }, HEAVIEST_COUNT);
    if (threshold !== undefined) warnOfWeight(found, context, threshold, emit);
    let bytes = found.fileBytes + found.entries * ENTRY_BYTES;
    for (const directory of plan.directories ?? []) {
      const { fileBytes, entries } = await surveyContext({ ...directory, signal }, 0);
      bytes += fileBytes + entries * ENTRY_BYTES;
    }
    tarBytesInAll = bytes;
  }

  async function* timed(): AsyncIterable<Uint8Array> {
    const started = performance.now();
    emit({ type: "stage-started", stage: "pack" });
    const decision = await (decided ??= decide());
    const context = { ...plan.context, filter: decision.kind === "pruned" ? decision.paths : undefined };
    const packed = packPlan({ ...plan, context }, [], emit, signal);
    for await (const chunk of packed) {
      const { fileBytes: files, archiveBytes: bytes, tarBytes } = packed.totals;
      const isLarge = threshold !== undefined && Math.max(files, bytes) > threshold * SURVEYED_PART;
      if (isLarge || performance.now() - started > SURVEYED_AFTER_MS) surveyed ??= survey(context).catch(() => {});
      if (tarBytesInAll !== undefined) {
        emit({ type: "upload-size", bytes: Math.round(bytes * Math.max(1, tarBytesInAll / tarBytes)) });
      }
      yield chunk;
    }
    await surveyed;
    const { entries, fileBytes, archiveBytes } = packed.totals;
    const scope = decision.kind === "pruned" ? " used by COPY and ADD" : "";
    emit({ type: "upload-size", bytes: archiveBytes });
    const detail = `${entries} ${entries === 1 ? "entry" : "entries"}${scope}, ${formatBytes(fileBytes)}, ${formatBytes(archiveBytes)} packed`;
    emit({
      type: "stage-done",
      stage: "pack",
      ms: Math.round(performance.now() - started),
      bytes: archiveBytes,
      detail,
    });
  }
}

type FilteredContext = ShippedPlan["context"] & { readonly filter?: WalkFilter | undefined };

/** Packs a plan's context. @param extra files that come first */
export function packPlan(
  plan: Pick<ShippedPlan, "dockerfile" | "latestTime" | "directories"> & { readonly context: FilteredContext },
  extra: PackOptions["extra"],
  emit: Emit,
  signal: AbortSignal,
): PackedContext {
  return packContext({
    ...plan.context,
    prefix: `${CONTEXT_DIR}/`,
    extra: [
      ...extra,
      { path: `${DOCKERFILE_DIR}/Dockerfile`, data: Buffer.from(plan.dockerfile.bytes ?? plan.dockerfile.text) },
      { path: `${DOCKERFILE_DIR}/Dockerfile.dockerignore`, data: Buffer.from(NO_RULES) },
    ],
    further: (plan.directories ?? []).map(({ number, ...directory }) => ({
      ...directory,
      prefix: `${NAMED_DIR}/${number}/`,
    })),
    ...(plan.latestTime === undefined ? { level: "link" } : { level: FIXED_GZIP_LEVEL, latest: plan.latestTime }),
    modes: { directory: MODES_DIR, pairs: MODE_PAIRS },
    marker: MARKER,
    onNote: (note) => emit({ type: "warning", message: noteSentence(note) }),
    signal,
  });
}

export function noteSentence({ path, reason }: PackNote): string {
  switch (reason) {
    case "changed":
      return `${path} changed while it was packed`;
    case "vanished":
      return `${path} was deleted while the context was packed, so it is not in the context`;
    default:
      return `${path} is a ${reason}, which an image cannot have, so it was skipped`;
  }
}
