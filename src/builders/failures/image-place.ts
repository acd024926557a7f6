/** Where a Dockerfile names an image that a builder could not pull. */
import { parseReference } from "../../lib/image/reference.ts";
import type { Place } from "../../lib/dockerfile/locate.ts";

/** @param name as the builder prints it: perhaps with its transport, perhaps without Docker Hub's host @returns with the host and the tag */
export function fullName(name: string): string {
  const bare = name.replace(/^docker:\/\//, "");
  try {
    return parseReference(bare, "tag").toString();
  } catch {
    return bare;
  }
}

export function placeOfImage(name: string): Place {
  return { kind: "image", name: fullName(name).replace(/^docker\.io\/(?:library\/)?/, "") };
}
