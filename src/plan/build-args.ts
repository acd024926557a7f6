/** `--build-arg` as docker reads it. */
import { InvalidInput } from "../errors.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import type { BuildPlan } from "./plan.ts";

/** @throws InvalidInput for one without a name. */
export function argumentsOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): [string, string][] {
  return args.flatMap((text): [string, string][] => {
    const [name, value] = splitPair(text);
    if (name === "")
      throw new InvalidInput(`invalid build argument "${text}": it has no name`, {
        docker: "refuses",
        suggestions: ["Write --build-arg NAME=VALUE."],
      });
    // Docker leaves an argument out, rather than empty, when the environment has no such variable.
    const given = value ?? env[name];
    return given === undefined ? [] : [[name, given]];
  });
}

/** Name and value; undefined where there is no equals sign. */
export function splitPair(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

// Build arguments that speak to BuildKit's frontend: https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args

/**
 * They are kept for a builder that has the frontend, and where the Dockerfile itself declares them; the others would complain of an
 * argument nothing uses. BUILDKIT_INLINE_CACHE=1 is another way to say --cache-to type=inline.
 */
export function resolveFrontendArguments(
  plan: BuildPlan,
  builder: { readonly frontend: boolean; readonly inlineCache: boolean },
): BuildPlan {
  const spoken = plan.buildArgs.filter(([name]) => name.startsWith("BUILDKIT_"));
  if (spoken.length === 0) return plan;
  const inline = spoken.some(([name, value]) => name === "BUILDKIT_INLINE_CACHE" && value === "1");
  const exported = (plan.cacheTo ?? []).some(({ type }) => type === "inline");
  const cached =
    inline && builder.inlineCache && !exported
      ? { cacheTo: [...(plan.cacheTo ?? []), { type: "inline", attributes: {} }] }
      : {};
  // Of a Dockerfile that is not here it is not known what it declares; to leave one out could make another image.
  if (builder.frontend || plan.dockerfile.text === undefined) return { ...plan, ...cached };
  const declared = new Set(
    parseDockerfile(plan.dockerfile.text).instructions.flatMap(({ keyword, operand }) =>
      keyword === "ARG" ? operand.split(/\s+/).map((word) => word.split("=")[0] ?? "") : [],
    ),
  );
  const kept = plan.buildArgs.filter(([name]) => !name.startsWith("BUILDKIT_") || declared.has(name));
  return { ...plan, ...cached, buildArgs: kept };
}
