/** Digests of content (OCI image-spec 1.1, descriptor.md, "Digests"). */
import { createHash } from "node:crypto";

/** @param algorithm as the digest names it, such as `sha512`. @returns `sha256:` and hexadecimal digits */
export function digestOf(content: string | Uint8Array, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
}
