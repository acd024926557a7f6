/** The result for each image, from the warmer's log: its exit code is 0 if one image was fetched, and only the log shows the others. */
import type { ContainerEnd } from "../../builders/builder.ts";
import { failed, registryFailure } from "../../builders/failures/registry.ts";
import type { Failure } from "../../builders/failures/registry.ts";
import { memoryFailure } from "../../builders/failures/run.ts";

/** kaniko v1.24, pkg/cache/warm.go. */
const FAILED = /Error while trying to warm image: (\S+) (.*)/;
/** kaniko's text around a registry's answer. */
const WRAPPING = /^Failed to retrieve image: \S+ (?:unable to complete operation after \d+ attempts?, last error: )?/;
const UNKNOWN = /\b(?:MANIFEST_UNKNOWN|NAME_UNKNOWN|404 Not Found)\b/;

export class WarmerLog {
  readonly #failed = new Map<string, string>();

  add(line: string): void {
    const [, image = "", why = ""] = FAILED.exec(line) ?? [];
    if (image !== "") this.#failed.set(image, why.replace(WRAPPING, "").trim());
  }

  /** The images that could not be fetched, by the names that were given, with the reason. */
  get failed(): ReadonlyMap<string, string> {
    return this.#failed;
  }
}

/** @returns undefined when every image is on the volume */
export function warmerFailure(end: ContainerEnd, log: WarmerLog, volume: string): Failure | undefined {
  const [[image, why] = ["", ""]] = log.failed;
  if (end.exitCode === 0 && image === "") return undefined;
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  if (/no space left on device/.test(why)) {
    return failed("cluster", `the volume ${volume} is full: ${image} does not fit`, [
      "Delete it with `slipway prune --volumes`, and make a larger one with --volume-size.",
    ]);
  }
  if (image === "") {
    const last = end.tail.findLast((line) => line.trim() !== "") ?? `exit code ${end.exitCode}`;
    return failed("build", `kaniko's warmer failed: ${last.trim()}`, [
      "Check that --warmer-image is an image of kaniko's warmer.",
    ]);
  }
  const more = log.failed.size === 1 ? "" : ` (and ${log.failed.size - 1} more)`;
  const known = registryFailure(why);
  if (known !== undefined) return { ...known, message: `${image}${more} is not on the volume: ${known.message}` };
  if (UNKNOWN.test(why)) return failed("build", `${image}${more} is not on the volume: the registry has no such image`);
  return failed("build", `${image}${more} is not on the volume: ${why}`);
}
