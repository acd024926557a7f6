/** A source of `imagetools create`: a reference, a digest, or a descriptor in JSON. */
import { InvalidInput } from "../../errors.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { IndexDescriptor } from "../../lib/registry/combine-index.ts";

export interface NamedSource {
  /** Absent for a digest or a descriptor: it is in the repository that the others name. */
  readonly reference?: Reference;
  /** What is known of it. */
  readonly descriptor?: Partial<IndexDescriptor> & Pick<IndexDescriptor, "digest">;
}

const DIGEST = /^sha256:[a-f0-9]{64}$/;

/** @throws InvalidInput for anything else */
export function readSource(text: string, parse: (name: string) => Reference): NamedSource {
  const trimmed = text.trim();
  if (DIGEST.test(trimmed)) return { descriptor: { digest: trimmed } };
  if (trimmed.startsWith("{")) return { descriptor: readDescriptor(trimmed) };
  if (trimmed.startsWith("sha256:")) throw refuse(trimmed, "the digest is not sha256: and 64 hex digits in lower case");
  return { reference: parse(trimmed) };
}

function readDescriptor(text: string): NonNullable<NamedSource["descriptor"]> {
  let parsed: Partial<IndexDescriptor> & { readonly schemaVersion?: number };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (error) {
    throw refuse(text, (error as Error).message, error);
  }
  const { schemaVersion = 0, digest } = parsed;
  if (schemaVersion !== 0) {
    const found = `expected an OCI content descriptor, got a manifest or index (schemaVersion ${schemaVersion})`;
    throw refuse(text, found);
  }
  if (digest === undefined || digest === "") throw refuse(text, "invalid descriptor: digest is required");
  if (!DIGEST.test(digest)) throw refuse(text, `invalid descriptor digest "${digest}"`);
  return { ...parsed, digest };
}

function refuse(text: string, reason: string, cause?: unknown): InvalidInput {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new InvalidInput(`failed to parse source "${short}": ${reason}`, {
    docker: "refuses",
    suggestions: ['A source is a reference, a digest or a descriptor: REGISTRY/NAME:TAG, sha256:…, {"digest": …}.'],
    cause,
  });
}
