/** What a Dockerfile is called in messages and by builders. */
import { basename } from "node:path";

const DEFAULT_NAME = "Dockerfile";

const WITHOUT_FILE = "the Dockerfile from ";

/** Stands for the path of a Dockerfile that is not a file. @param source where it comes from: `standard input`, or a URL */
export function withoutFile(source: string): string {
  return `${WITHOUT_FILE}${source}`;
}

/** Returns the name of the file. A Dockerfile that is not a file has the name that docker gives it. @param path as in the plan */
export function dockerfileName(path: string): string {
  return path.startsWith(WITHOUT_FILE) ? DEFAULT_NAME : basename(path);
}

/** Returns the name that BuildKit gets. It asks for the file by this name in a header, where a control character is an error. */
export function sentDockerfileName(path: string): string {
  const name = dockerfileName(path);
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(name) ? DEFAULT_NAME : name;
}
