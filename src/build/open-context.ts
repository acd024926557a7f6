/** The plan's context as an archive every transport and builder agrees on: `context/`, `dockerfile/` beside it, the marker last. */
import { packContext } from "../context/pack.ts";
import type { PackNote } from "../context/context.ts";
import { formatBytes } from "../ui/measures.ts";
import type { OpenArchive } from "../transport/stream.ts";
import { MARKER } from "../transport/receiver.ts";
import { CONTEXT_DIR, DOCKERFILE_DIR } from "../transport/transport.ts";
import type { Emit } from "./events.ts";
import { warnOfWeight } from "./heavy-context.ts";
import type { BuildPlan } from "./plan.ts";

/** zlib's fastest: on a fast link the link waits for anything slower. */
const LEVEL = 1;

/**
 * A builder filters the context again by the ignore file beside the Dockerfile, with rules of its own. Ours has only a comment:
 * an empty one would make some look for the context's.
 */
const NO_RULES = "# The client has applied the context's ignore file already.\n";

/** @throws UsageError for a malformed ignore file. */
export function openContext(plan: BuildPlan, emit: Emit, signal: AbortSignal): OpenArchive {
  const packed = packContext({
    root: plan.context.root,
    ignoreFile: plan.context.ignoreFile,
    ...(plan.context.ignoreName === undefined ? {} : { ignoreName: plan.context.ignoreName }),
    prefix: `${CONTEXT_DIR}/`,
    extra: [
      { path: `${DOCKERFILE_DIR}/Dockerfile`, data: Buffer.from(plan.dockerfile.text) },
      { path: `${DOCKERFILE_DIR}/Dockerfile.dockerignore`, data: Buffer.from(NO_RULES) },
    ],
    level: LEVEL,
    marker: MARKER,
    onNote: (note) => emit({ type: "warning", message: noteSentence(note) }),
    signal,
  });
  const threshold = plan.contextWarning;
  let warned: Promise<void> | undefined;
  return () => timed();

  async function* timed(): AsyncIterable<Uint8Array> {
    const started = performance.now();
    emit({ type: "stage-started", stage: "pack" });
    for await (const chunk of packed) {
      // Once, and as soon as it is known, when there is still time to stop.
      if (threshold !== undefined && packed.totals.fileBytes > threshold) {
        warned ??= warnOfWeight(plan.context, threshold, emit, signal).catch(() => {});
      }
      yield chunk;
    }
    await warned;
    const { entries, fileBytes, archiveBytes } = packed.totals;
    const detail = `${entries} ${entries === 1 ? "entry" : "entries"}, ${formatBytes(fileBytes)}, ${formatBytes(archiveBytes)} packed`;
    emit({
      type: "stage-done",
      stage: "pack",
      ms: Math.round(performance.now() - started),
      bytes: archiveBytes,
      detail,
    });
  }
}

function noteSentence({ path, reason }: PackNote): string {
  switch (reason) {
    case "changed":
      return `${path} changed while it was packed`;
    case "vanished":
      return `${path} was deleted while the context was packed, and is not in it`;
    default:
      return `${path} is a ${reason}, which an image cannot hold, and was left out`;
  }
}
