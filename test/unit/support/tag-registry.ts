/** A registry with one image, as far as tags are listed, asked for and removed. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { Reference } from "../../../src/lib/image/reference.ts";
import { RegistryClient } from "../../../src/lib/registry/registry-client.ts";
import { removeTag } from "../../../src/lib/registry/remove-tag.ts";

/** What a registry does with DELETE. */
export interface Kind {
  readonly removesTags?: boolean;
  readonly removesDigests?: boolean;
}

export const IMAGE = `sha256:${"a".repeat(64)}`;

/** A registry with one image under two tags. Removing a manifest removes its tags, as Distribution 2 does. */
export async function registryOf({ removesTags = false, removesDigests = false }: Kind) {
  const tags = new Map([
    ["1.0", IMAGE],
    ["temporary", IMAGE],
  ]);
  const manifests = new Set([IMAGE]);
  const answer = (method: string, kind: string, name: string, sum: string): number => {
    if (kind === "blobs") return method === "POST" ? 202 : method === "PUT" ? 201 : 404;
    const isTag = !name.startsWith("sha256:");
    if (method === "HEAD" || method === "GET") return (isTag ? tags.has(name) : manifests.has(name)) ? 200 : 404;
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
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [, kind = "", name = ""] = /^\/v2\/app\/(blobs|manifests)\/([^?]*)/.exec(request.url ?? "") ?? [];
      const sum = `sha256:${createHash("sha256").update(Buffer.concat(chunks)).digest("hex")}`;
      const headers = { location: "/v2/app/blobs/uploads/1", "docker-content-digest": tags.get(name) ?? sum };
      const status = answer(request.method ?? "", kind, name, sum);
      const unknown = JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN" }] });
      response.writeHead(status, headers).end(status === 404 && request.method === "GET" ? unknown : "");
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
  const options = { insecure: [registry], credential: async () => undefined, timeout: 60_000 };
  const client = new RegistryClient(options);
  const remove = (tag: string): Promise<boolean> =>
    removeTag(client, new Reference({ registry, repository: "app", tag }));
  return { remove, tags, manifests, registry, options };
}
