/** `--build-context NAME=SOURCE`: a directory, an image or an address under a name (buildx, util/buildflags/context.go and build/opt.go). */
import { InvalidInput } from "../../errors.ts";
import { holdsSecret, publicUrl } from "../../lib/text/public-url.ts";
import type { BuildContext, LayoutSource } from "./options.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** If two values have the same name, the last one counts. @throws InvalidInput, with docker's message if it has one. */
export function buildContextsOf(values: readonly string[]): BuildContext[] {
  const byName = new Map<string, BuildContext>();
  for (const value of values) {
    const at = value.indexOf("=");
    if (at < 1) {
      throw new InvalidInput(`invalid context value: ${publicUrl(value)}, expected key=value`, {
        docker: "refuses",
        suggestions: ["Write --build-context NAME=DIRECTORY, or NAME=docker-image://IMAGE."],
      });
    }
    const name = familiarName(value.slice(0, at));
    if (name === undefined) {
      throw new InvalidInput(`invalid context name ${publicUrl(value.slice(0, at))}`, {
        docker: "refuses",
        suggestions: ["Write it like the name of an image or a stage: lower case, with . _ - / inside."],
      });
    }
    byName.set(name, { name, source: sourceOf(name, value.slice(at + 1)) });
  }
  return [...byName.values()];
}

/** The short name of an image, as docker shortens it: `docker.io/library/alpine:latest` is `alpine`. Undefined for an invalid name. */
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
    throw new InvalidInput(`--build-context ${name}= has no source`, { docker: "refuses", suggestions: [FORM(name)] });
  if (text.startsWith("docker-image://")) {
    const image = text.slice("docker-image://".length);
    // What follows an @ is a digest: a reference has no user.
    if (image !== "" && !holdsSecret(`https://${image.replace(/@[a-z0-9]+:[0-9a-f]+$/, "")}`))
      return { kind: "image", image };
    if (image !== "") throw withSecret(name);
    throw new InvalidInput(`--build-context ${name}=${publicUrl(text)} has no image name`, {
      docker: "refuses",
      suggestions: [FORM(name)],
    });
  }
  if (text.startsWith("oci-layout://")) {
    return layoutOf(name, text);
  }
  if (text.startsWith("target:")) {
    throw new InvalidInput(
      `--build-context ${name}=${publicUrl(text)}: the result of another target is not available here`,
      {
        suggestions: ["Push the image of that target first, and write docker-image://IMAGE."],
      },
    );
  }
  if (/^(?:ssh:\/\/|[\w-]+@[\w.-]+:)/.test(text)) {
    throw new InvalidInput(`--build-context ${name}=${publicUrl(text)}: the builder has no SSH key to fetch it`, {
      suggestions: ["Clone it, and give the directory."],
    });
  }
  if (!/^(?:https?|git):\/\//.test(text)) return { kind: "directory", path: text };
  if (!holdsSecret(text)) return { kind: "url", url: text };
  throw withSecret(name);
}

function withSecret(name: string): InvalidInput {
  return new InvalidInput(
    `--build-context ${name}: the URL has a password or a signature, which others could read in the pod`,
    {
      suggestions: ["Clone or download it, and give the directory."],
    },
  );
}

/** `oci-layout://PATH[:TAG][@DIGEST]`. A colon before a slash is part of the path. */
function layoutOf(name: string, text: string): LayoutSource {
  const [, path = "", tag, digest] =
    /^oci-layout:\/\/(.+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/s.exec(text) ?? [];
  if (path !== "" && !path.includes("@sha256")) {
    return { kind: "layout", path, ...omitUndefined({ tag, digest }) };
  }
  throw new InvalidInput(`--build-context ${name}=${text} has no path, or a digest that is not one`, {
    docker: "refuses",
    suggestions: [`Write --build-context ${name}=oci-layout://DIRECTORY[:TAG][@sha256:DIGEST].`],
  });
}

const FORM = (name: string): string => `Write --build-context ${name}=DIRECTORY, or ${name}=docker-image://IMAGE.`;
