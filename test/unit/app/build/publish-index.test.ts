import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { ImageIndex } from "../../../../src/app/build/platforms/publish-index.ts";
import { BuildFailed } from "../../../../src/errors.ts";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const AMD = { os: "linux", arch: "amd64" };
const ARM = { os: "linux", arch: "arm64" };

const sumOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A registry that keeps manifests and blobs by repository and name, and the order in which manifests were pushed. */
async function startRegistry() {
  const manifests = new Map<string, string>();
  const blobs = new Map<string, string>();
  const pushed: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "" } = request;
      const url = new URL(request.url ?? "", "http://registry");
      const [, repository = "", kind = "", name = ""] =
        /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(url.pathname) ?? [];
      const key = `${repository}/${name}`;
      const body = Buffer.concat(chunks).toString();
      if (kind === "blobs/uploads") {
        // Everything can be mounted from the other repository.
        blobs.set(`${repository}/${url.searchParams.get("mount")}`, "");
        response.writeHead(201).end();
        return;
      }
      const store = kind === "manifests" ? manifests : blobs;
      if (method === "PUT") {
        pushed.push(key);
        store.set(key, body);
        store.set(`${repository}/${sumOf(body)}`, body);
        response.writeHead(201).end();
        return;
      }
      const found = store.get(key);
      if (found === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-type": OCI }).end(method === "HEAD" ? "" : found);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new RegistryClient({ insecure: [host], credential: async () => undefined, timeout: 5000 });
  const image = (architecture: string): string => {
    const config = JSON.stringify({ os: "linux", architecture });
    blobs.set(`app/${sumOf(config)}`, config);
    const text = JSON.stringify({ mediaType: OCI, config: { digest: sumOf(config), size: config.length }, layers: [] });
    manifests.set(`app/${sumOf(text)}`, text);
    return sumOf(text);
  };
  return { host, client, manifests, pushed, image };
}

it("pushes the index last, under every tag, when each repository has both images", async () => {
  const { host, client, manifests, pushed, image } = await startRegistry();
  const tags = ["app:1", "app:2", "other:1"].map((name) => parseReference(`${host}/${name}`));
  const [amd, arm] = [image("amd64"), image("arm64")];
  const images = [
    { platform: AMD, digest: amd },
    { platform: ARM, digest: arm },
  ];
  const index = await ImageIndex.read(client, { tags }, images);
  expect(pushed).toEqual([]);
  await index.push();
  expect(pushed).toEqual([`other/${amd}`, `other/${arm}`, "app/1", "app/2", "other/1"]);
  const text = manifests.get("app/1") ?? "";
  expect(sumOf(text)).toBe(index.descriptor.digest);
  expect([manifests.get("app/2"), manifests.get("other/1")]).toEqual([text, text]);
});

it("pushes an image again that its registry has removed with its last tag", async () => {
  const { host, client, manifests, pushed, image } = await startRegistry();
  const tags = [parseReference(`${host}/app:1`)];
  const [amd, arm] = [image("amd64"), image("arm64")];
  const images = [
    { platform: AMD, digest: amd },
    { platform: ARM, digest: arm },
  ];
  const index = await ImageIndex.read(client, { tags }, images);
  manifests.delete(`app/${arm}`);
  await index.push();
  expect(pushed).toEqual([`app/${arm}`, "app/1"]);
});

it("refuses an image of another platform, and pushes nothing", async () => {
  const { host, client, pushed, image } = await startRegistry();
  const tags = [parseReference(`${host}/app:1`)];
  const reading = ImageIndex.read(client, { tags }, [{ platform: ARM, digest: image("amd64") }]);
  await expect(reading).rejects.toThrow(BuildFailed);
  await expect(reading).rejects.toThrow("the image that was built for linux/arm64 is one for linux/amd64");
  expect(pushed).toEqual([]);
});
