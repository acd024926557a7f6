/** A word about a context that is larger than its user may think, while there is time to stop. */
import { surveyContext } from "../context/survey.ts";
import { formatBytes } from "../lib/text/measures.ts";
import type { WalkFilter } from "../context/walk.ts";
import type { Emit } from "./events.ts";
import type { ContextSource } from "../plan/plan.ts";

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
