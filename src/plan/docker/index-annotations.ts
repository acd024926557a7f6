/** `--annotation` of `imagetools create`: of the index itself, or of the descriptors in it. */
import { InvalidInput } from "../../errors.ts";
import type { IndexAnnotation } from "../../lib/registry/combine-index.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { onePlatform, typedAnnotations } from "./annotations.ts";

/** @throws InvalidInput with buildx's message for another kind of annotation, or a text that is none */
export function readAnnotations(values: readonly string[]): IndexAnnotation[] {
  return Array.from(typedAnnotations(values), ({ type, platform, key, value }): IndexAnnotation => {
    if (type === "index") return { on: type, key, value };
    if (type !== "manifest-descriptor") throw refuse(type);
    return { on: type, ...omitUndefined({ platform: onePlatform(platform) }), key, value };
  });
}

function refuse(type: string): InvalidInput {
  const reason =
    type === "manifest"
      ? `"manifest" annotations are not supported yet`
      : type === "index-descriptor"
        ? `"index-descriptor" annotations are invalid while creating an image`
        : `unknown annotation type "${type}"`;
  return new InvalidInput(reason, {
    docker: "refuses",
    suggestions: [
      "Annotate the index, --annotation index:KEY=VALUE, or its descriptors, --annotation manifest-descriptor:KEY=VALUE.",
    ],
  });
}
