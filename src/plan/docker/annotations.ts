/** `--annotation` of a build: of the manifests, and with several platforms of the index and the descriptors in it. */
import { InvalidInput } from "../../errors.ts";
import { chosenPlatforms } from "../../lib/image/platform.ts";
import type { DockerOptions, PlatformAnnotation } from "./options.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

const TYPES: readonly PlatformAnnotation["on"][] = ["index", "index-descriptor", "manifest-descriptor", "manifest"];

/**
 * @param isSeveral the image has several platforms, so it is an index
 * @throws InvalidInput with docker's message, also for an index: an image of one platform has none
 */
export function annotationsOf(
  values: readonly string[],
  isSeveral: boolean,
): Required<Pick<DockerOptions, "annotations" | "indexAnnotations">> {
  const annotations: [key: string, value: string][] = [];
  const indexAnnotations: PlatformAnnotation[] = [];
  for (const { text, type, platform: written, key, value } of typedAnnotations(values)) {
    const on = TYPES.find((known) => known === type);
    if (on === undefined) throw unknownType(type);
    const platform = onePlatform(written);
    if (!isSeveral && on !== "manifest") {
      throw new InvalidInput(`--annotation ${text}: ${on} annotations not supported for single platform export`, {
        docker: "refuses",
        suggestions: ["Annotate the manifest: --annotation KEY=VALUE."],
      });
    }
    if (on === "manifest" && (platform === undefined || !isSeveral)) annotations.push([key, value]);
    else indexAnnotations.push({ on, ...omitUndefined({ platform }), key, value });
  }
  return { annotations, indexAnnotations };
}

/** One annotation for each type that its text names. */
interface TypedAnnotation {
  /** All of it, as it was typed. */
  readonly text: string;
  /** `manifest` where the text names none. */
  readonly type: string;
  /** As written in the type's brackets. */
  readonly platform: string | undefined;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads `[TYPE[PLATFORM],…:]KEY=VALUE` one after the other, so that the first fault in the text is the one that is reported.
 * @throws InvalidInput with buildx's message
 */
export function* typedAnnotations(values: readonly string[]): Generator<TypedAnnotation> {
  for (const text of values) {
    if (text === "") continue;
    const at = text.indexOf("=");
    if (at === -1) throw new InvalidInput(`invalid annotation "${text}", expected key=value`, { docker: "refuses" });
    const [name, value] = [text.slice(0, at), text.slice(at + 1)];
    const colon = name.indexOf(":");
    const key = name.slice(colon + 1);
    for (const written of colon === -1 ? ["manifest"] : name.slice(0, colon).split(",")) {
      const [, type, platform] = /^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$/.exec(written) ?? [];
      if (type === undefined) {
        throw new InvalidInput(
          `invalid annotation type "${written}", expected type and optional platform in square brackets`,
          { docker: "refuses" },
        );
      }
      yield { text, type, platform, key, value };
    }
  }
}

/** @param written in an annotation's brackets. @throws InvalidInput for what is not a platform */
export function onePlatform(written: string | undefined): string | undefined {
  return written === undefined ? undefined : chosenPlatforms([written])[0];
}

function unknownType(type: string): InvalidInput {
  return new InvalidInput(`unknown annotation type "${type}"`, { docker: "refuses" });
}
