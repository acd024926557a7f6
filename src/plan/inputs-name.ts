/** The name of a build's Secret and ConfigMap. */
import { createHash } from "node:crypto";

/** Hex digits of a hash: 64 bits. */
const HASH_LENGTH = 16;

/** A hash for a name of Kubernetes: 16 hex digits. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

/**
 * Returns the name of the Secret and the ConfigMap of a build. It ends with a hash of the build's name. So a user who creates a Job
 * cannot choose the Job's name so that an existing Secret of another user looks like the Job's own.
 */
export function inputsName(build: string): string {
  return `${build}-${shortHash(`slipway inputs of ${build}`)}`;
}
