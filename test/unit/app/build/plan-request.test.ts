import { describe, expect, it } from "vitest";
import { planRequest } from "../../../../src/app/build/plan-request.ts";
import type { BuildRequest } from "../../../../src/plan/request.ts";
import { inRepository } from "../../../../src/plan/in-repository.ts";
import { BuilderUnable } from "../../../../src/errors.ts";
import { INPUTS, REQUEST } from "../../plan/sample.ts";

async function plan(
  request: Partial<BuildRequest>,
  dockerfile = "FROM a\n",
  env: Readonly<Record<string, string>> = {},
): Promise<{ builder: string; image: string; said: string[]; expected: string[] }> {
  const said: string[] = [];
  const expected: string[] = [];
  const inputs = { ...INPUTS, dockerfile: { path: "Dockerfile", text: dockerfile } };
  const facts = { env, user: "jane", version: "0" };
  const { plan, builder } = await planRequest(
    { ...REQUEST, ...request },
    inputs,
    facts,
    (text) => said.push(text),
    (text) => expected.push(text),
  );
  expect(builder.name).toBe(plan.builder);
  return { builder: plan.builder, image: plan.builderImage, said, expected };
}

describe("the builder of a request", () => {
  it("is the named one, with its default image or the named one", async () => {
    expect(await plan({ builder: "buildah" })).toMatchObject({ builder: "buildah", said: [], expected: [] });
    expect(await plan({ builder: "buildah", builderImage: "r.io/b:1" })).toMatchObject({ image: "r.io/b:1" });
    expect(await plan({ builder: "img" }, undefined, { SLIPWAY_IMG_IMAGE: "r.io/img:1" })).toMatchObject({
      image: "r.io/img:1",
    });
    await expect(plan({ builder: "img" })).rejects.toThrow("img no longer has a published image");
    await expect(plan({ builder: "docker" })).rejects.toThrow('there is no builder "docker"');
  });

  it("is refused for a feature that it would ignore", async () => {
    await expect(plan({ builder: "kaniko" }, "FROM a\nRUN --mount=type=tmpfs,target=/t x\n")).rejects.toThrow(
      "Dockerfile line 2: kaniko cannot do RUN --mount=type=tmpfs",
    );
    await expect(plan({ builder: "makisu", labels: ["a=b"] })).rejects.toThrow("makisu cannot set labels");
    await expect(plan({ builder: "makisu", tags: [] })).rejects.toThrow("makisu only builds images that are pushed");
  });
});

describe("--builder auto", () => {
  it("chooses the first builder that can, and says why the earlier ones cannot", async () => {
    expect(await plan({ builder: "auto" })).toMatchObject({ said: [], expected: ["building with kaniko"] });
    expect(await plan({ builder: "auto" }, "FROM a\nCOPY --parents a /\n")).toMatchObject({
      builder: "buildkit",
      said: ["building with buildkit: kaniko cannot do COPY --parents (line 2)"],
      expected: [],
    });
  });

  it("names the first in order, and the one that can be kept", async () => {
    const order = { SLIPWAY_BUILDER_ORDER: "buildah kaniko" };
    expect(await plan({ builder: "auto" }, undefined, order)).toMatchObject({ expected: ["building with buildah"] });
    expect(await plan({ builder: "auto", keep: "30m" })).toMatchObject({ expected: ["building with buildkit"] });
    expect(await plan({ builder: "buildkit", keep: "30m" })).toMatchObject({ said: [], expected: [] });
  });

  it("tries the builders in the user's order", async () => {
    const order = { SLIPWAY_BUILDER_ORDER: "makisu, buildah kaniko" };
    expect(await plan({ builder: "auto" }, "FROM a\nONBUILD RUN x\n", order)).toMatchObject({ builder: "buildah" });
    await expect(plan({ builder: "auto" }, undefined, { SLIPWAY_BUILDER_ORDER: "docker" })).rejects.toThrow(
      'SLIPWAY_BUILDER_ORDER names "docker", which is not a builder',
    );
  });

  it("is refused if no builder can, if an image is named, and for faults of the request", async () => {
    await expect(plan({ builder: "auto" }, "FROM a\nRUN --security=insecure x\n")).rejects.toMatchObject({
      message: "no builder can do this build",
      suggestions: expect.arrayContaining([expect.stringMatching(/^buildkit cannot do .* \(line 2\)$/)]) as unknown,
    });
    await expect(plan({ builder: "auto", builderImage: "x" })).rejects.toThrow(/--builder-image/);
    await expect(plan({ builder: "auto", tags: ["A:B:C"] })).rejects.toThrow(/^invalid tag/);
  });
});

describe("--git-in-cluster", () => {
  const HASH = "0123456789abcdef".repeat(3).slice(0, 40);
  const planOf = (rest: string, request: Partial<BuildRequest> = {}) => {
    const whole = { ...REQUEST, gitInCluster: true, path: `https://h/a.git${rest}`, ...request };
    return planRequest(whole, inRepository(whole), { env: {}, user: "jane", version: "0" }, () => {});
  };

  it("is for builders that can clone, the first of them with --builder auto", async () => {
    for (const builder of ["kaniko", "buildkit"]) {
      expect((await planOf("#main", { builder })).plan.repository).toMatchObject({ ref: "main" });
    }
    const auto = await planOf("#main", { builder: "auto", builderOrder: ["makisu", "buildah", "buildkit", "kaniko"] });
    expect(auto.builder.name).toBe("buildkit");
    for (const builder of ["buildah", "makisu", "img"]) {
      await expect(planOf("", { builder, builderImage: "r.io/b:1" })).rejects.toMatchObject({
        message: `${builder} cannot do --git-in-cluster`,
        suggestions: [
          "Use --builder kaniko or --builder buildkit.",
          "Or let slipway choose a builder: --builder auto.",
        ],
      });
    }
  });

  it("passes the token to kaniko in a variable, and to BuildKit as a secret", async () => {
    const docker = { secret: ["id=GIT_AUTH_TOKEN,env=T"] };
    const kaniko = await planOf("", { docker });
    expect(kaniko.plan.repository?.token?.id).toBe("GIT_AUTH_TOKEN");
    expect(kaniko.plan).not.toHaveProperty("secrets");
    const buildkit = await planOf("", { docker, builder: "buildkit" });
    expect(buildkit.plan.repository).not.toHaveProperty("token");
    expect(buildkit.plan.secrets?.map(({ id }) => id)).toEqual(["GIT_AUTH_TOKEN"]);
  });

  it.each<[string, Partial<BuildRequest>, string]>([
    ["", { path: "git://h/a" }, "kaniko clones only over https and http, not git://h/a"],
    ["#a#b", {}, "kaniko cannot clone the ref a#b, because it has a #"],
    ["?commit=abcd", {}, "kaniko finds a commit only by its full hash, and abcd is a short one"],
    ...["?commit=", "#"].map((form): [string, Partial<BuildRequest>, string] => [
      `${form}${"ab".repeat(32)}`,
      {},
      `kaniko cannot clone a repository with SHA-256 hashes, such as ${"ab".repeat(32)}`,
    ]),
    [
      "",
      { docker: { secret: ["id=GIT_AUTH_HEADER.h,env=H"] } },
      "kaniko logs in to a repository with a token, not with a header",
    ],
    ["?keep-git-dir=1#main:web", {}, "kaniko puts .git beside web, but ?keep-git-dir needs it inside"],
    [
      "?submodules=1",
      { docker: { secret: ["id=GIT_AUTH_TOKEN,env=T"] } },
      "kaniko would send the repository's token to the host of every submodule",
    ],
    [`?submodules=1#${HASH}`, {}, `kaniko fetches submodules only for a branch, not for ${HASH}`],
    ["?submodules=1&tag=v1", {}, "kaniko fetches submodules only for a branch, not for refs/tags/v1"],
    ["", { docker: { ssh: ["default"] } }, "kaniko cannot do --ssh"],
  ])("is refused with kaniko where it would do otherwise: %s %j", async (rest, request, message) => {
    await expect(planOf(rest, request)).rejects.toThrow(message);
    await expect(planOf(rest, request)).rejects.toBeInstanceOf(BuilderUnable);
    expect((await planOf(rest, { ...request, builder: "buildkit" })).builder.name).toBe("buildkit");
  });
});
