/** The SBOM of a pushed image, made by the client for builders that make none. */
import type { BuildPlan } from "../plan/plan.ts";
import { InternalError } from "../errors.ts";
import type { RegistryClient } from "../lib/registry/registry-client.ts";
import { spdxDocument } from "../lib/sbom/spdx.ts";
import { scanImage } from "../lib/sbom/scan-image.ts";
import { formatBytes } from "../lib/text/measures.ts";
import { statementOf } from "./statement.ts";

/** The type of the predicate: an SPDX document. */
export const SPDX = "https://spdx.dev/Document";

const MAX_FILES_IN_WARNING = 3;

export interface MadeSbom {
  readonly statement: object;
  /** Its size and the bytes that were read, in words. */
  readonly summary: string;
  /** What is missing in it, as one sentence. */
  readonly warning?: string;
}

/** @throws as `scanImage` */
export async function makeSbom(
  plan: BuildPlan,
  digest: string,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<MadeSbom> {
  const [reference] = plan.tags;
  if (reference === undefined) throw new InternalError("an image without a name is in no registry");
  const image = await scanImage(client, reference, digest, signal);
  const { document, count } = spdxDocument(image, {
    references: plan.tags,
    digest,
    build: plan.name,
    version: plan.version,
    created: new Date(),
  });
  const unread = image.files.flatMap(([path, file]) =>
    file.unread === undefined ? [] : [`${visible(path)} (${file.unread})`],
  );
  const more = unread.length > MAX_FILES_IN_WARNING ? ` and ${unread.length - MAX_FILES_IN_WARNING} more` : "";
  return {
    statement: statementOf(plan, digest, SPDX, document),
    summary: `${count} package${count === 1 ? "" : "s"}, ${formatBytes(image.bytes)} read`,
    ...(unread.length === 0
      ? {}
      : { warning: `the SBOM is not complete for ${unread.slice(0, MAX_FILES_IN_WARNING).join(", ")}${more}` }),
  };
}

/** Replaces control characters: a file's name may hold any, and they must not control the terminal. */
function visible(path: string): string {
  return path.replaceAll(/\p{Cc}/gu, "?");
}
