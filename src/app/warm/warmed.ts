/** What became of each image, from the warmer's log: it ends well if one of them could be fetched, and says the rest only there. */
import type { ContainerEnd } from "../../builders/builder.ts";
import { failed, registryFailure } from "../../builders/failures/registry.ts";
import type { Failure } from "../../builders/failures/registry.ts";
import { memoryFailure } from "../../builders/failures/run.ts";

/** pkg/cache/warm.go of kaniko v1.24. */
const FAILED = /Error while trying to warm image: (\S+) (.*)$/;
/** What kaniko wraps around a registry's answer. */
const WRAPPING = /^Failed to retrieve image: \S+ (?:unable to complete operation after \d+ attempts?, last error: )?/;
const UNKNOWN = /\b(?:MANIFEST_UNKNOWN|NAME_UNKNOWN|404 Not Found)\b/;

export class WarmerLog {
  readonly #failed = new Map<string, string>();

  add(line: string): void {
    const [, image = "", why = ""] = FAILED.exec(line) ?? [];
    if (image !== "") this.#failed.set(image, why.replace(WRAPPING, "").trim());
  }

  /** Names of the images that could not be fetched, as they were given, with the reason. */
  get failed(): ReadonlyMap<string, string> {
    return this.#failed;
  }
}

/** @returns undefined when all is on the volume */
export function warmerFailure(end: ContainerEnd, log: WarmerLog, volume: string): Failure | undefined {
  const [[image, why] = ["", ""]] = log.failed;
  if (end.exitCode === 0 && image === "") return undefined;
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  if (/no space left on device/.test(why)) {
    return failed("cluster", `the volume ${volume} is full: ${image} does not fit`, [
      "Give the next one more room: `slipway prune --volumes`, and then --volume-size.",
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
  if (UNKNOWN.test(why))
    return failed("build", `${image}${more} is not on the volume: there is no such image in the registry`);
  return failed("build", `${image}${more} is not on the volume: ${why}`);
}
