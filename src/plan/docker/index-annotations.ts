/** `--annotation` of `imagetools create`: of the index itself, or of the descriptors in it. */
import { InvalidInput } from "../../errors.ts";
import { chosenPlatforms } from "../../lib/image/platform.ts";
import type { IndexAnnotation } from "../../lib/registry/combine-index.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** @throws InvalidInput with buildx's message for another kind of annotation, or a text that is none */
export function readAnnotations(values: readonly string[]): IndexAnnotation[] {
  return values.flatMap((text): IndexAnnotation[] => {
    if (text === "") return [];
    const at = text.indexOf("=");
    if (at === -1) throw new InvalidInput(`invalid annotation "${text}", expected key=value`, { docker: "refuses" });
    const [name, value] = [text.slice(0, at), text.slice(at + 1)];
    const colon = name.indexOf(":");
    const types = colon === -1 ? ["manifest"] : name.slice(0, colon).split(",");
    return types.map((type) => ({ ...readType(type), key: name.slice(colon + 1), value }));
  });
}

function readType(text: string): Pick<IndexAnnotation, "on" | "platform"> {
  const [, type, platform] = /^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$/.exec(text) ?? [];
  if (type === undefined) {
    throw new InvalidInput(
      `invalid annotation type "${text}", expected type and optional platform in square brackets`,
      {
        docker: "refuses",
      },
    );
  }
  if (type === "index") return { on: type };
  if (type === "manifest-descriptor") {
    const [chosen] = platform === undefined ? [] : chosenPlatforms([platform]);
    return { on: type, ...omitUndefined({ platform: chosen }) };
  }
  const reason =
    type === "manifest"
      ? `"manifest" annotations are not supported yet`
      : type === "index-descriptor"
        ? `"index-descriptor" annotations are invalid while creating an image`
        : `unknown annotation type "${type}"`;
  throw new InvalidInput(reason, {
    docker: "refuses",
    suggestions: [
      "Annotate the index, --annotation index:KEY=VALUE, or its descriptors, --annotation manifest-descriptor:KEY=VALUE.",
    ],
  });
}
