import { expect, it } from "vitest";
import { IMAGE, registryOf } from "../../support/tag-registry.ts";

it.each([{ removesTags: true }, { removesDigests: true }, { removesTags: true, removesDigests: true }])(
  "removes the tag and keeps the image and its other tags: %j",
  async (kind) => {
    const { remove, tags, manifests } = await registryOf(kind);
    expect(await remove("temporary")).toBe(true);
    expect([...tags]).toEqual([["1.0", IMAGE]]);
    expect([...manifests]).toEqual([IMAGE]);
  },
);

it("tells if the registry removes nothing, and leaves the tag as it is", async () => {
  const { remove, tags } = await registryOf({});
  expect(await remove("temporary")).toBe(false);
  expect(tags.get("temporary")).toBe(IMAGE);
});

it("has nothing to do for a tag that was never pushed", async () => {
  const { remove } = await registryOf({});
  expect(await remove("other")).toBe(true);
});
