/** What a Dockerfile is called in messages and by builders. */
import { basename } from "node:path";

/** In place of the path of a Dockerfile that was piped in, or that stands in a bake file. */
export const PIPED_DOCKERFILE = "the Dockerfile on standard input";

/** Returns the name of the file. One without a file has the name that docker gives it. @param path as in the plan */
export function dockerfileName(path: string): string {
  return path === PIPED_DOCKERFILE ? "Dockerfile" : basename(path);
}
