import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { removeTag } from "../../../../src/lib/registry/remove-tag.ts";

/** What a registry does with DELETE. */
interface Kind {
  readonly removesTags?: boolean;
  readonly removesDigests?: boolean;
}

const IMAGE = `sha256:${"a".repeat(64)}`;

/** A registry with one image under two tags. Removing a manifest removes its tags, as Distribution 2 does. */
async function registryOf({ removesTags = false, removesDigests = false }: Kind) {
  const tags = new Map([
    ["1.0", IMAGE],
    ["temporary", IMAGE],
  ]);
  const manifests = new Set([IMAGE]);
  const answer = (method: string, kind: string, name: string, sum: string): number => {
    if (kind === "blobs") return method === "POST" ? 202 : method === "PUT" ? 201 : 404;
    const isTag = !name.startsWith("sha256:");
    if (method === "HEAD") return (isTag ? tags.has(name) : manifests.has(name)) ? 200 : 404;
    if (method === "PUT") {
      manifests.add(sum);
      tags.set(name, sum);
      return 201;
    }
    if (isTag) return removesTags && tags.delete(name) ? 202 : 400;
    if (!removesDigests) return 405;
    if (!manifests.delete(name)) return 404;
    for (const [tag, digest] of tags) if (digest === name) tags.delete(tag);
    return 202;
  };
  const { createHash } = await import("node:crypto");
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [, kind = "", name = ""] = /^\/v2\/app\/(blobs|manifests)\/([^?]*)/.exec(request.url ?? "") ?? [];
      const sum = `sha256:${createHash("sha256").update(Buffer.concat(chunks)).digest("hex")}`;
      response.writeHead(answer(request.method ?? "", kind, name, sum), { location: "/v2/app/blobs/uploads/1" }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new RegistryClient({ insecure: [registry], credential: async () => undefined, timeout: 5000 });
  const remove = (tag: string): Promise<boolean> =>
    removeTag(client, new Reference({ registry, repository: "app", tag }));
  return { remove, tags, manifests };
}

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
