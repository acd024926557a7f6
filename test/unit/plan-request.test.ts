import { describe, expect, it } from "vitest";
import { planRequest } from "../../src/plan-request.ts";
import type { BuildRequest } from "../../src/build/request.ts";
import { INPUTS, REQUEST } from "./build/sample.ts";

async function plan(
  request: Partial<BuildRequest>,
  dockerfile = "FROM a\n",
  env: Readonly<Record<string, string>> = {},
): Promise<{ builder: string; image: string; said: string[] }> {
  const said: string[] = [];
  const inputs = { ...INPUTS, dockerfile: { path: "Dockerfile", text: dockerfile } };
  const facts = { env, user: "jane", version: "0" };
  const { plan, backend } = await planRequest({ ...REQUEST, ...request }, inputs, facts, (text) => said.push(text));
  expect(backend.name).toBe(plan.builder);
  return { builder: plan.builder, image: plan.builderImage, said };
}

describe("the builder of a request", () => {
  it("is the one that was named, with its own image or the one named", async () => {
    expect(await plan({ builder: "buildah" })).toMatchObject({ builder: "buildah", said: [] });
    expect(await plan({ builder: "buildah", builderImage: "r.io/b:1" })).toMatchObject({ image: "r.io/b:1" });
    expect(await plan({ builder: "img" }, undefined, { SLIPWAY_IMG_IMAGE: "r.io/img:1" })).toMatchObject({
      image: "r.io/img:1",
    });
    await expect(plan({ builder: "img" })).rejects.toThrow("there is no published image of img any more");
    await expect(plan({ builder: "docker" })).rejects.toThrow('there is no builder "docker"');
  });

  it("is refused for what it would pass over", async () => {
    await expect(plan({ builder: "kaniko" }, "FROM a\nRUN --mount=type=tmpfs,target=/t x\n")).rejects.toThrow(
      "Dockerfile line 2: kaniko cannot do RUN --mount=type=tmpfs",
    );
    await expect(plan({ builder: "makisu", labels: ["a=b"] })).rejects.toThrow("makisu cannot set labels");
    await expect(plan({ builder: "makisu", tags: [] })).rejects.toThrow("makisu builds no image that is not pushed");
  });
});

describe("--builder auto", () => {
  it("takes the first that can, and says why not those before it", async () => {
    expect(await plan({ builder: "auto" })).toMatchObject({ builder: "kaniko", said: ["building with kaniko"] });
    expect(await plan({ builder: "auto" }, "FROM a\nCOPY --parents a /\n")).toMatchObject({
      builder: "buildkit",
      said: ["building with buildkit: Dockerfile line 2: kaniko cannot do COPY --parents"],
    });
  });

  it("goes by the user's order", async () => {
    const order = { SLIPWAY_BUILDER_ORDER: "makisu, buildah kaniko" };
    expect(await plan({ builder: "auto" }, "FROM a\nONBUILD RUN x\n", order)).toMatchObject({ builder: "buildah" });
    await expect(plan({ builder: "auto" }, undefined, { SLIPWAY_BUILDER_ORDER: "docker" })).rejects.toThrow(
      'SLIPWAY_BUILDER_ORDER names "docker", which is no builder',
    );
  });

  it("is refused where none can, where an image is named, and for what is wrong whatever builds", async () => {
    await expect(plan({ builder: "auto" }, "FROM a\nRUN --security=insecure x\n")).rejects.toMatchObject({
      message: "none of the builders can do this build",
      suggestions: expect.arrayContaining([expect.stringContaining("line 2: buildkit cannot do")]) as unknown,
    });
    await expect(plan({ builder: "auto", builderImage: "x" })).rejects.toThrow(/--builder-image/);
    await expect(plan({ builder: "auto", tags: ["A:B:C"] })).rejects.toThrow(/^invalid tag/);
  });
});
