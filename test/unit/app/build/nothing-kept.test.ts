import { describe, expect, it } from "vitest";
import { emptyCacheMountNote, noResultWarning } from "../../../../src/app/build/nothing-kept.ts";
import { parseReference } from "../../../../src/lib/image/reference.ts";

describe("a build without a result", () => {
  it("is warned of", () => {
    expect(noResultWarning({ tags: [] })).toMatch(
      /^no output specified: .* -t REGISTRY\/NAME \(in a bake file: tags\); .* --load$/,
    );
  });

  it.each([
    ["it pushes", { tags: [parseReference("r.io/a")] }, []],
    ["it exports", { tags: [], exports: [{ number: 0, kind: "archive", format: "oci" } as never] }, []],
    ["the user wants only the cache", { tags: [], noPush: true }, ["type=cacheonly"]],
  ])("is not warned of where %s", (_, plan, outputs) => {
    expect(noResultWarning(plan, outputs)).toBeUndefined();
  });
});

describe("a cache mount", () => {
  const plan = (text: string, more: object = {}) => ({
    dockerfile: { path: "Dockerfile", text },
    buildArgs: [],
    ...more,
  });
  const MOUNT = "FROM a\nRUN true\nRUN --mount=type=cache,target=/c true\n";

  it("is noted with its line if nothing keeps it", () => {
    expect(emptyCacheMountNote(plan(MOUNT))).toMatch(
      /^the cache mount on line 3 begins empty, and nothing keeps it: --keep/,
    );
  });

  it("is not noted with a volume, with a kept builder, or where there is none", () => {
    expect(emptyCacheMountNote(plan(MOUNT, { cacheVolume: {} }))).toBeUndefined();
    expect(emptyCacheMountNote(plan(MOUNT, { keepSeconds: 60 }))).toBeUndefined();
    expect(emptyCacheMountNote(plan("FROM a\nRUN true\n"))).toBeUndefined();
    expect(emptyCacheMountNote({ dockerfile: {}, buildArgs: [] })).toBeUndefined();
  });
});
