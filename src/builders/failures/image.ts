/** A base image that its registry does not have, in the words of a client that asks the registry itself, which are BuildKit's. */
import { fullName, placeOfImage } from "./image-place.ts";
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";

/** @param name as the builder prints it: perhaps with its transport, perhaps without Docker Hub's host */
export function missingImage(name: string): Failure {
  const full = fullName(name);
  const [host = ""] = full.split("/", 1);
  return {
    ...failed("build", `failed to resolve source metadata for ${full}: not found`, [
      `${host} has no such image: check the name and the tag.`,
    ]),
    place: placeOfImage(name),
  };
}
