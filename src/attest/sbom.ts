/** An SBOM of an image that is pushed already: made by the client, for builders that make none. */
import type { BuildPlan } from "../plan/plan.ts";
import { InternalError } from "../errors.ts";
import type { RegistryClient } from "../lib/registry/registry-client.ts";
import { spdxDocument } from "../lib/sbom/spdx.ts";
import { scanImage } from "../lib/sbom/scan-image.ts";
import { formatBytes } from "../lib/text/measures.ts";
import { statementOf } from "./statement.ts";

/** The predicate's type: an SPDX document. */
export const SPDX = "https://spdx.dev/Document";

/** Files named in a warning. */
const NAMED = 3;

export interface MadeSbom {
  readonly statement: object;
  /** For a person: what is in it, and what it took. */
  readonly summary: string;
  /** What it does not tell, as one sentence. */
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
  const more = unread.length > NAMED ? ` and ${unread.length - NAMED} more` : "";
  return {
    statement: statementOf(plan, digest, SPDX, document),
    summary: `${count} package${count === 1 ? "" : "s"}, ${formatBytes(image.bytes)} read`,
    ...(unread.length === 0
      ? {}
      : { warning: `the SBOM does not tell all that is in ${unread.slice(0, NAMED).join(", ")}${more}` }),
  };
}

/** A file's name may hold anything, and a terminal obeys some of it. */
function visible(path: string): string {
  return path.replaceAll(/\p{Cc}/gu, "?");
}
