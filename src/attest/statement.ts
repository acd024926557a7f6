/** In-toto's statement, the format of every attestation: a predicate about an artefact (in-toto.io/Statement/v1). */
import type { BuildPlan } from "../plan/plan.ts";

/** @param digest of the image's manifest, `sha256:` and 64 hex digits */
export function statementOf(
  { tags }: Pick<BuildPlan, "tags">,
  digest: string,
  predicateType: string,
  predicate: object,
): object {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: tags.map((tag) => ({ name: tag.toString(), digest: digestSet(digest) })),
    predicateType,
    predicate,
  };
}

/** A digest in in-toto's form, by its algorithm. */
export function digestSet(digest: string): Record<string, string> {
  const at = digest.indexOf(":");
  return { [digest.slice(0, at)]: digest.slice(at + 1) };
}
