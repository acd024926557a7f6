/** What a registry sends for a digest is hashed, whoever reads it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { readIndexSource } from "../../../../src/app/imagetools/create-image.ts";
import { InspectedImage } from "../../../../src/app/imagetools/inspect-image.ts";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { attach } from "../../../../src/lib/registry/referrer.ts";
import { readBaseImage } from "../../../../src/lib/registry/base-image.ts";
import { WrongContent } from "../../../../src/lib/registry/content-check.ts";
import { copyByDigest, copyImage } from "../../../../src/lib/registry/copy-image.ts";
import { describeImage, readManifest } from "../../../../src/lib/registry/describe-image.ts";
import { digestOf } from "../../../../src/lib/registry/digest.ts";
import { copyReferrer } from "../../../../src/lib/registry/list-referrers.ts";
import { OCI_MANIFEST } from "../../../../src/lib/registry/media-types.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { scanImage } from "../../../../src/lib/sbom/scan-image.ts";
import { SRC, readImports, sourceFiles } from "../../imports.ts";

const CONFIG = JSON.stringify({ os: "linux", architecture: "amd64", rootfs: {}, config: {} });
const LAYER = JSON.stringify({ predicateType: "https://slsa.dev/provenance/v1", predicate: {} });
const part = (content: string, mediaType: string) => ({ mediaType, digest: digestOf(content), size: content.length });
const IMAGE = JSON.stringify({
  schemaVersion: 2,
  config: part(CONFIG, "application/json"),
  layers: [part(LAYER, "application/octet-stream")],
});
/** A document that hangs on the image. */
const DOCUMENT = JSON.stringify({
  schemaVersion: 2,
  subject: part(IMAGE, OCI_MANIFEST),
  layers: [part(LAYER, "application/vnd.in-toto+json")],
});
const LISTED = { ...part(DOCUMENT, OCI_MANIFEST), artifactType: "application/vnd.in-toto+json" };
const STORED = new Map([CONFIG, LAYER, IMAGE, DOCUMENT].map((content) => [digestOf(content), content]));

/** A registry that sends other content for one digest. */
async function registryWith(changed: string, other: string): Promise<{ host: string; pushed: string[] }> {
  const pushed: string[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    const name = url.slice(url.lastIndexOf("/") + 1);
    const content = name === digestOf(changed) ? other : name === "1" ? IMAGE : STORED.get(name);
    request.resume().on("error", () => {});
    if (url.includes("/referrers/")) response.end(JSON.stringify({ manifests: [LISTED] }));
    else if (method === "GET" && content !== undefined && url.startsWith("/v2/src/"))
      response.writeHead(200, { "content-type": OCI_MANIFEST }).end(content);
    else if (method === "POST") response.writeHead(202, { location: "/v2/dst/blobs/uploads/1" }).end();
    else if (method === "PUT") {
      request.on("end", () => {
        pushed.push(url);
        response.writeHead(201).end();
      });
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, pushed };
}

const OPTIONS = { insecure: [], credential: async () => undefined, timeout: 5000 };
const CHOICE = { "insecure-registry": [], "registry-ca": undefined };
const { signal } = new AbortController();

interface Reader {
  readonly name: string;
  /** What it reads by digest. */
  readonly reads: readonly string[];
  readonly read: (source: Reference, target: Reference) => Promise<unknown>;
}

const client = (): RegistryClient => new RegistryClient(OPTIONS);
const at = ({ registry, repository }: Reference, digest: string): Reference =>
  new Reference({ registry, repository, digest });
const inspect = async (source: Reference, template: string): Promise<string> =>
  (await InspectedImage.find(source.toString(), undefined, CHOICE, signal)).format(template);

const READERS: readonly Reader[] = [
  { name: "a base image", reads: [CONFIG], read: (source) => readBaseImage(source, OPTIONS) },
  {
    name: "an image ID",
    reads: [IMAGE, CONFIG],
    read: (source) => readManifest(client(), source, digestOf(IMAGE), true),
  },
  {
    name: "an image that must exist",
    reads: [IMAGE],
    read: (source) =>
      describeImage(
        { reference: source, insecure: [], mustExist: true },
        digestOf(IMAGE),
        OPTIONS.credential,
        () => {},
      ),
  },
  { name: "imagetools inspect, the image", reads: [CONFIG], read: (source) => inspect(source, "{{json .Image}}") },
  {
    name: "imagetools inspect, by digest",
    reads: [IMAGE],
    read: (source) => inspect(at(source, digestOf(IMAGE)), "{{json .Manifest}}"),
  },
  {
    name: "imagetools inspect, the provenance",
    reads: [DOCUMENT, LAYER],
    read: (source) => inspect(source, "{{json .Provenance}}"),
  },
  {
    name: "imagetools create",
    reads: [IMAGE, CONFIG],
    read: (source) =>
      readIndexSource(client(), { descriptor: { digest: digestOf(IMAGE) } }, () => at(source, digestOf(IMAGE))),
  },
  {
    name: "a copy",
    reads: [CONFIG, LAYER],
    read: (source, target) => copyImage(client(), source, target),
  },
  {
    name: "a copy by digest",
    reads: [IMAGE],
    read: (source, target) => copyByDigest(client(), source, target, digestOf(IMAGE)),
  },
  {
    name: "a copy of what hangs on an image",
    reads: [DOCUMENT, LAYER],
    read: (source, target) =>
      copyReferrer(client(), source, target, digestOf(IMAGE), {
        referrer: LISTED,
        types: new Set([LISTED.artifactType]),
      }),
  },
  // Its layers: scan-image.test.ts.
  { name: "an SBOM", reads: [IMAGE], read: (source) => scanImage(client(), source, digestOf(IMAGE), signal, []) },
  {
    name: "a document that is attached",
    reads: [IMAGE],
    read: (source) =>
      attach(client(), source, digestOf(IMAGE), { mediaType: "a/b", annotations: {}, content: Buffer.from("{}") }),
  },
];

/** The same JSON with a space, so that nothing but the digest and the size shows it; and with the size as well. */
const LIES: readonly [string, (content: string) => string][] = [
  ["more bytes", (content) => `${content} `],
  ["other bytes", (content) => content.replace("{", " ").replace(":", "{").replace(" ", "{")],
  ["fewer bytes", (content) => content.slice(0, -1)],
];

it.each(
  READERS.flatMap(({ name, reads, read }) =>
    reads.flatMap((content) => LIES.map(([how, lie]) => [name, how, content, lie(content), read] as const)),
  ),
)("the reader of %s refuses content with %s than its digest names (%s)", async (_, _how, content, other, read) => {
  const { host, pushed } = await registryWith(content, other);
  const named = (repository: string): Reference => new Reference({ registry: host, repository, tag: "1" });
  const failure: unknown = await read(named("src"), named("dst")).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WrongContent);
  expect((failure as Error).message).toContain(
    `the registry sent other content than ${host}/src@${digestOf(content)}: it`,
  );
  expect(pushed.filter((url) => url.includes("/manifests/"))).toEqual([]);
});

it("a stream that was not read to its end is refused", async () => {
  const { host } = await registryWith("", "");
  const reference = new Reference({ registry: host, repository: "src" });
  const first = client().stream(reference, `blobs/${digestOf(LAYER)}`, async () => "believed");
  await expect(first).rejects.toThrow(WrongContent);
  expect(await client().stream(reference, `blobs/${digestOf(LAYER)}`, ({ body }) => text(body))).toBe(LAYER);
});

it("a part with another name than a digest is not asked for", async () => {
  const reference = new Reference({ registry: "127.0.0.1:1", repository: "src" });
  for (const path of ["blobs/latest", "blobs/", "blobs/md5:0", "manifests/sha256:1", "blobs/sha256:x/tags/list"]) {
    await expect(client().get(reference, path, "*/*")).rejects.toThrow(/which is not a digest$/);
  }
});

it("every reader of a registry is in the table above", async () => {
  const imports = await readImports();
  const users = new Set(
    imports.filter(({ to, kind }) => kind !== "type" && to === "lib/http/web-client.ts").map(({ from }) => from),
  );
  // They send requests. Of them only the client of registries asks for manifests and blobs.
  expect([...users].sort()).toEqual([
    "lib/registry/registry-client.ts",
    "lib/registry/upload-url.ts",
    "lib/vault/vault-client.ts",
    "plan/source/download.ts",
  ]);
  const readers: string[] = [];
  for (const file of await sourceFiles()) {
    const code = await readFile(join(SRC, file), "utf8");
    if (/`blobs\/\$\{|\.get\([^)]*`manifests\/|method: "GET"[^}]*manifests\//.test(code)) readers.push(file);
  }
  expect(readers.sort()).toEqual([
    "app/imagetools/create-image.ts",
    "app/imagetools/inspect-image.ts",
    "lib/registry/base-image.ts",
    "lib/registry/copy-image.ts",
    "lib/registry/describe-image.ts",
    "lib/registry/referrer.ts",
    "lib/sbom/scan-image.ts",
  ]);
});
