/** A word about a context that is larger than its user may think, while there is time to stop. */
import { surveyContext } from "./survey.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { WalkFilter } from "./walk.ts";
import type { Emit } from "../events.ts";
import type { ContextSource, ShippedPlan } from "../plan/plan.ts";
import { packContext } from "./pack.ts";
import type { PackNote, PackOptions, PackedContext } from "./pack.ts";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import { CONTEXT_DIR, DOCKERFILE_DIR, MARKER, NAMED_DIR } from "../plan/layout.ts";
import type { ReachDecision } from "./decide-reach.ts";

const PLACES = 3;

/** @param threshold in bytes. */
export async function warnOfWeight(
  context: ContextSource & { readonly filter?: WalkFilter | undefined },
  threshold: number,
  emit: Emit,
  signal: AbortSignal,
): Promise<void> {
  const { fileBytes, heaviest } = await surveyContext({ ...context, signal }, PLACES);
  const places = heaviest.map(({ path, bytes }) => `${path} (${formatBytes(bytes)})`).join(", ");
  emit({
    type: "warning",
    message: `the context has ${formatBytes(fileBytes)}, more than ${formatBytes(threshold)}; most of it is in ${places}`,
    suggestions: [
      `Leave out what the build does not need: add it to ${context.ignoreName ?? ".dockerignore"}.`,
      "See what is sent: slipway context",
    ],
  });
}

// The plan's context as an archive every transport and builder agrees on: `context/`, `dockerfile/` beside it, the marker last.

/** Gives the archive's bytes from their beginning, anew each time it is called. */
export type OpenArchive = () => AsyncIterable<Uint8Array>;

/** Where the bytes are to be the same every time. */
const FIXED_LEVEL = 1;

/**
 * A builder filters the context again by the ignore file beside the Dockerfile, with rules of its own. Ours has only a comment:
 * an empty one would make some look for the context's.
 */
const NO_RULES = "# The client has applied the context's ignore file already.\n";

/**
 * @param decide what of the context to send, asked once, when the archive is first opened
 * @throws InvalidInput for a malformed ignore file
 */
export function openContext(
  plan: ShippedPlan,
  decide: () => Promise<ReachDecision>,
  emit: Emit,
  signal: AbortSignal,
): OpenArchive {
  for (const { ignoreFile, ignoreName } of [plan.context, ...(plan.directories ?? [])])
    parseIgnoreFile(ignoreFile, ignoreName);
  let decided: Promise<ReachDecision> | undefined;
  const threshold = plan.contextWarning;
  let warned: Promise<void> | undefined;
  return () => timed();

  async function* timed(): AsyncIterable<Uint8Array> {
    const started = performance.now();
    emit({ type: "stage-started", stage: "pack" });
    const decision = await (decided ??= decide());
    const context = { ...plan.context, filter: decision.kind === "reached" ? decision.paths : undefined };
    const packed = packPlan({ ...plan, context }, [], emit, signal);
    for await (const chunk of packed) {
      // Once, and as soon as it is known, when there is still time to stop.
      if (threshold !== undefined && packed.totals.fileBytes > threshold) {
        warned ??= warnOfWeight(context, threshold, emit, signal).catch(() => {});
      }
      yield chunk;
    }
    await warned;
    const { entries, fileBytes, archiveBytes } = packed.totals;
    const scope = decision.kind === "reached" ? " reached by COPY and ADD" : "";
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

/** The archive of a plan's context. @param extra put before everything else */
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
      { path: `${DOCKERFILE_DIR}/Dockerfile`, data: Buffer.from(plan.dockerfile.text) },
      { path: `${DOCKERFILE_DIR}/Dockerfile.dockerignore`, data: Buffer.from(NO_RULES) },
    ],
    further: (plan.directories ?? []).map(({ number, ...directory }) => ({
      ...directory,
      prefix: `${NAMED_DIR}/${number}/`,
    })),
    ...(plan.latestTime === undefined ? { level: "link" } : { level: FIXED_LEVEL, latest: plan.latestTime }),
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
      return `${path} was deleted while the context was packed, and is not in it`;
    default:
      return `${path} is a ${reason}, which an image cannot hold, and was left out`;
  }
}
