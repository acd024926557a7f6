import { describe, expect, it } from "vitest";
import { resolveFrontendArguments } from "../../../src/plan/build-args.ts";
import { planInCluster, planOf } from "./sample.ts";

const ARGS = ["BUILDKIT_INLINE_CACHE=1", "BUILDKIT_SANDBOX_HOSTNAME=x", "V=1"];
const OTHER = { frontend: false, inlineCache: false };

function namesOf(text: string, builder: Parameters<typeof resolveFrontendArguments>[1]): string[] {
  const plan = planOf({ buildArgs: ARGS }, { dockerfile: { path: "Dockerfile", text } });
  return resolveFrontendArguments(plan, builder).buildArgs.map(([name]) => name);
}

describe("BuildKit's own build arguments", () => {
  it("are kept for a builder with BuildKit's frontend", () => {
    expect(namesOf("FROM a\n", { frontend: true, inlineCache: true })).toHaveLength(3);
  });

  it("are removed for other builders, unless the Dockerfile declares them", () => {
    expect(namesOf("FROM a\n", OTHER)).toEqual(["V"]);
    expect(namesOf("FROM a\nARG BUILDKIT_SANDBOX_HOSTNAME=y\n", OTHER)).toEqual(["BUILDKIT_SANDBOX_HOSTNAME", "V"]);
  });

  it("are kept if only the builder reads the Dockerfile", () => {
    const plan = planInCluster("https://h/a.git", { buildArgs: ARGS });
    expect(resolveFrontendArguments(plan, OTHER).buildArgs).toHaveLength(3);
  });

  it("enable the inline cache once, for a builder that supports it", () => {
    const plan = planOf({ buildArgs: ARGS });
    const inline = [{ type: "inline", attributes: {} }];
    expect(resolveFrontendArguments(plan, { frontend: true, inlineCache: true }).cacheTo).toEqual(inline);
    expect(
      resolveFrontendArguments({ ...plan, cacheTo: inline }, { frontend: true, inlineCache: true }).cacheTo,
    ).toEqual(inline);
    expect(resolveFrontendArguments(plan, OTHER).cacheTo).toBeUndefined();
  });
});
