/** Build arguments that speak to BuildKit's frontend: https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args */
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import type { BuildPlan } from "./plan.ts";

/**
 * They are kept for a builder that has the frontend, and where the Dockerfile itself declares them; the others would complain of an
 * argument nothing uses. BUILDKIT_INLINE_CACHE=1 is another way to say --cache-to type=inline.
 */
export function settleFrontendArguments(
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
