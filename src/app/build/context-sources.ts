/** A part of the composition root: the context in the forms that transports send. */
import { attestationsReadAll } from "../../attest/needs.ts";
import type { Builder } from "../../builders/builder.ts";
import type { BuildDeps } from "./run-build.ts";
import { openCacheSource } from "../../pack/cache-source.ts";
import { decidePruning } from "../../pack/prune-context.ts";
import type { PruningDecision } from "../../pack/prune-context.ts";
import type { Emit } from "../../events.ts";
import { openContext } from "../../pack/open-context.ts";
import { isShipped } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { HashStore, hashFile } from "../../pack/hash-store.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import type { BaseImage } from "../../lib/dockerfile/used-paths.ts";
import { InternalError } from "../../errors.ts";
import { registryOptions } from "../registry-options.ts";

/** For each answer of a registry about a base image: to send all of the context is not much slower. */
const BASE_IMAGE_TIMEOUT_MS = 2000;

/** The context in the forms that are sent. They are not used when the builder fetches the context itself. */
export function contextSources(
  plan: BuildPlan,
  builder: Builder,
  stores: readonly CredentialStore[],
  emit: Emit,
  signal: AbortSignal,
): Pick<BuildDeps, "openArchive" | "cacheSource"> {
  if (!isShipped(plan)) {
    const none = (): never => {
      throw new InternalError("the builder fetches its context itself: there is none to send");
    };
    return { openArchive: none, cacheSource: none };
  }
  const askBase = (image: string): Promise<BaseImage | undefined> => askForBase(plan, image, stores);
  const readsAll = builder.readsAll ?? attestationsReadAll(plan, builder.attestsItself === true);
  const decide = (): Promise<PruningDecision> => decidePruning(plan, readsAll, askBase, signal);
  const openHashes = (): HashStore =>
    new HashStore(plan.context.tree === undefined ? hashFile(plan.context.root, process.env) : undefined);
  return {
    openArchive: openContext(plan, decide, emit, signal),
    cacheSource: () => openCacheSource(plan, decide, openHashes, emit, signal),
  };
}

/** Undefined when the registry does not tell: then all of the context is sent. */
async function askForBase(
  plan: BuildPlan,
  image: string,
  stores: readonly CredentialStore[],
): Promise<BaseImage | undefined> {
  try {
    const { readBaseImage } = await import("../../lib/registry/base-image.ts");
    const options = registryOptions(plan.registries, stores);
    return await readBaseImage(parseReference(image), { ...options, timeout: BASE_IMAGE_TIMEOUT_MS });
  } catch {
    return undefined;
  }
}
