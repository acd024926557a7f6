/** What `make release` has made, and how the tests run it: as on a machine that has only just been installed. */
import { access } from "node:fs/promises";
import packageJson from "../../package.json" with { type: "json" };

export const ROOT = new URL("../../", import.meta.url).pathname;
export const RELEASE = `${ROOT}release`;
export const VERSION = packageJson.version;

/** @throws Error when it has not been made: nothing is skipped for want of it */
export async function artefact(name: string): Promise<string> {
  const path = `${RELEASE}/${name}`;
  await access(path).catch(() => {
    throw new Error(`${path} is not there: run make release`);
  });
  return path;
}
