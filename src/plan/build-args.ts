/**
 * `--build-arg` as docker reads it, and the arguments that BuildKit's frontend reads:
 * https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args
 */
import { InvalidInput } from "../errors.ts";
import { declaredArguments } from "../lib/dockerfile/declared-arguments.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import type { BuildPlan } from "./plan.ts";

/** @throws InvalidInput for an argument without a name. */
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
    // If the environment has no such variable, docker omits the argument instead of making it empty.
    const given = value ?? env[name];
    return given === undefined ? [] : [[name, given]];
  });
}

/** Splits `NAME=VALUE`. The value is undefined if there is no equals sign. */
export function splitPair(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Removes BUILDKIT_* arguments for a builder without BuildKit's frontend, unless the Dockerfile declares them: other builders warn
 * about an argument that nothing uses. BUILDKIT_INLINE_CACHE=1 means the same as --cache-to type=inline.
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
  // A Dockerfile that only the builder reads may declare any of them. Without its argument the image could be different.
  if (builder.frontend || plan.dockerfile.text === undefined) return { ...plan, ...cached };
  const { instructions, escape } = parseDockerfile(plan.dockerfile.text);
  const declared = declaredArguments(instructions, escape);
  const kept = plan.buildArgs.filter(([name]) => !name.startsWith("BUILDKIT_") || declared.has(name));
  return { ...plan, ...cached, buildArgs: kept };
}
