/** `--build-context NAME=SOURCE`: a directory, an image or an address under a name (buildx, util/buildflags/context.go and build/opt.go). */
import { InvalidInput } from "../../errors.ts";
import type { BuildContext } from "./options.ts";

/** Of two with one name the later one counts. @throws InvalidInput, in docker's words where it has them. */
export function buildContextsOf(values: readonly string[]): BuildContext[] {
  const byName = new Map<string, BuildContext>();
  for (const value of values) {
    const at = value.indexOf("=");
    if (at < 1) {
      throw new InvalidInput(`invalid context value: ${value}, expected key=value`, {
        docker: "refuses",
        suggestions: ["Write --build-context NAME=DIRECTORY, or NAME=docker-image://IMAGE."],
      });
    }
    const name = familiarName(value.slice(0, at));
    if (name === undefined) {
      throw new InvalidInput(`invalid context name ${value.slice(0, at)}`, {
        docker: "refuses",
        suggestions: ["Write it as the name of an image or a stage: lower case, with . _ - / inside."],
      });
    }
    byName.set(name, { name, source: sourceOf(name, value.slice(at + 1)) });
  }
  return [...byName.values()];
}

/** How docker shortens the name of an image, so that `docker.io/library/alpine:latest` is `alpine`; undefined for what is none. */
export function familiarName(text: string): string | undefined {
  if (!/^(?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]*)?(?:@\w+:[0-9a-f]{32,})?$/.test(text))
    return undefined;
  return text
    .replace(/^(?:index\.)?docker\.io\//, "")
    .replace(/^library\//, "")
    .replace(/:latest$/, "");
}

function sourceOf(name: string, text: string): BuildContext["source"] {
  if (text === "")
    throw new InvalidInput(`--build-context ${name}= names nothing`, { docker: "refuses", suggestions: [FORM(name)] });
  if (text.startsWith("docker-image://")) {
    const image = text.slice("docker-image://".length);
    if (image !== "") return { kind: "image", image };
    throw new InvalidInput(`--build-context ${name}=${text} names no image`, {
      docker: "refuses",
      suggestions: [FORM(name)],
    });
  }
  if (text.startsWith("oci-layout://")) {
    throw new InvalidInput(`--build-context ${name}=${text}: a layout on this disk cannot reach the builder`, {
      suggestions: ["Push it to a registry, and name it as docker-image://IMAGE."],
    });
  }
  if (text.startsWith("target:")) {
    throw new InvalidInput(`--build-context ${name}=${text}: the result of another target is not on this disk`, {
      suggestions: ["Push that target's image first, and name it as docker-image://IMAGE."],
    });
  }
  if (/^(?:ssh:\/\/|[\w-]+@[\w.-]+:)/.test(text)) {
    throw new InvalidInput(`--build-context ${name}=${text}: the builder has no key to fetch it with`, {
      suggestions: ["Clone it, and give the directory."],
    });
  }
  if (!/^(?:https?|git):\/\//.test(text)) return { kind: "directory", path: text };
  if (!/^\w+:\/\/[^/]*@/.test(text)) return { kind: "url", url: text };
  throw new InvalidInput(`--build-context ${name}: a password in a URL could be read from the pod`, {
    suggestions: ["Clone or download it, and give the directory."],
  });
}

const FORM = (name: string): string => `Write --build-context ${name}=DIRECTORY, or ${name}=docker-image://IMAGE.`;
