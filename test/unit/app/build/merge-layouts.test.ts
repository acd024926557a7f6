import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { mergeLayouts } from "../../../../src/app/build/platforms/merge-layouts.ts";
import type { PlatformLayout } from "../../../../src/app/build/platforms/merge-layouts.ts";
import { TarEntries } from "../../../../src/lib/archive/tar-reader.ts";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { BuildFailed } from "../../../../src/errors.ts";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const CREATED = new Date("2026-01-02T03:04:05.678Z");
const AMD = { os: "linux", arch: "amd64" };
const ARM = { os: "linux", arch: "arm64" };

const hexOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A layout with one image for this architecture, and a layer that all of them have. */
async function layoutOf(
  platform: { readonly os: string; readonly arch: string },
  built = platform.arch,
): Promise<PlatformLayout> {
  const root = await mkdtemp(join(tmpdir(), "slipway-layout-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, "blobs/sha256"), { recursive: true });
  const put = async (text: string): Promise<{ digest: string; size: number }> => {
    await writeFile(join(root, "blobs/sha256", hexOf(text)), text);
    return { digest: `sha256:${hexOf(text)}`, size: Buffer.byteLength(text) };
  };
  const config = await put(JSON.stringify({ os: "linux", architecture: built }));
  const layer = await put("the same layer");
  const manifest = await put(JSON.stringify({ schemaVersion: 2, mediaType: OCI, config, layers: [layer] }));
  await writeFile(join(root, "index.json"), JSON.stringify({ manifests: [{ mediaType: OCI, ...manifest }] }));
  return { platform, root };
}

async function filesOf(archive: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, string>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of archive) parts.push(chunk);
  const bytes = Buffer.concat(parts);
  const files = new Map<string, string>();
  const entries = new TarEntries(({ name, type, offset, size }) => {
    if (type === "file") files.set(name, bytes.subarray(offset, offset + size).toString());
    return undefined;
  });
  entries.write(bytes);
  entries.end();
  return files;
}

it("makes one layout: an index of both images, each blob once, and a name for each tag", async () => {
  const tags = [parseReference("r.example/app:1"), parseReference("r.example/app:2")];
  const indexAnnotations = [
    { on: "index", key: "i", value: "1" },
    { on: "index-descriptor", key: "d", value: "2" },
    { on: "manifest-descriptor", platform: "linux/arm64", key: "m", value: "3" },
  ] as const;
  const layouts = await Promise.all([layoutOf(AMD), layoutOf(ARM)]);
  const { descriptor, archive } = await mergeLayouts({ tags, indexAnnotations }, layouts, CREATED);
  const files = await filesOf(archive());
  expect(files.get("oci-layout")).toBe('{"imageLayoutVersion":"1.0.0"}');
  const top = JSON.parse(files.get("index.json") ?? "") as { readonly manifests: readonly object[] };
  const created = "2026-01-02T03:04:05Z";
  expect(top.manifests).toEqual(
    tags.map((tag) => ({
      ...descriptor,
      annotations: {
        d: "2",
        "io.containerd.image.name": tag.toString(),
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.ref.name": tag.tag,
      },
    })),
  );
  const index = JSON.parse(files.get(`blobs/sha256/${descriptor.digest.slice(7)}`) ?? "") as {
    readonly annotations: object;
    readonly manifests: readonly {
      readonly digest: string;
      readonly platform: object;
      readonly annotations?: object;
    }[];
  };
  expect(index.annotations).toEqual({ i: "1" });
  expect(index.manifests.map(({ platform, annotations }) => [platform, annotations])).toEqual([
    [{ architecture: "amd64", os: "linux" }, undefined],
    [{ architecture: "arm64", os: "linux" }, { m: "3" }],
  ]);
  // Two manifests, two configurations, one layer, one index.
  expect([...files.keys()].filter((name) => name.startsWith("blobs/"))).toHaveLength(6);
  const blobs = [...files].filter(([name]) => name.startsWith("blobs/"));
  expect(blobs.map(([name]) => name)).toEqual(blobs.map(([, text]) => `blobs/sha256/${hexOf(text)}`));
});

it("gives the same bytes each time it is read", async () => {
  const { archive } = await mergeLayouts({ tags: [] }, [await layoutOf(AMD), await layoutOf(ARM)], CREATED);
  expect(await filesOf(archive())).toEqual(await filesOf(archive()));
});

it("refuses an image that a builder made for another platform", async () => {
  const layouts = [await layoutOf(AMD), await layoutOf(ARM, "amd64")];
  const merging = mergeLayouts({ tags: [] }, layouts, CREATED);
  await expect(merging).rejects.toThrow(BuildFailed);
  await expect(merging).rejects.toThrow("the image that was built for linux/arm64 is one for linux/amd64");
});

const HEX = "a".repeat(64);

it.each<[string, (root: string, other: string) => Promise<unknown>]>([
  ["a blob is a link to a file of this machine", (root, other) => symlink(other, join(root, "blobs/sha256", HEX))],
  ["a blob has another name", (root) => writeFile(join(root, "blobs/sha256/name"), "x")],
  ["a blob is a directory", (root) => mkdir(join(root, "blobs/sha256", HEX))],
  [
    "the index is a link",
    async (root, other) => {
      await rm(join(root, "index.json"));
      await symlink(other, join(root, "index.json"));
    },
  ],
  [
    "the directory of blobs is a link",
    async (root) => {
      await rename(join(root, "blobs"), join(root, "elsewhere"));
      await symlink(join(root, "elsewhere"), join(root, "blobs"));
    },
  ],
  ["the index has no list", (root) => writeFile(join(root, "index.json"), '{"manifests":{}}')],
  ["the index is not JSON", (root) => writeFile(join(root, "index.json"), "SECRET")],
  [
    "the index names a path",
    (root, other) =>
      writeFile(join(root, "index.json"), JSON.stringify({ manifests: [{ digest: `sha256:../..${other}` }] })),
  ],
])("takes nothing of this machine, and no text of it into an error, where %s", async (_, change) => {
  const layouts = await Promise.all([layoutOf(AMD), layoutOf(ARM)]);
  const [first] = layouts;
  const other = join(first?.root ?? "", "own.txt");
  await writeFile(other, "SECRET");
  await change(first?.root ?? "", other);
  const error: unknown = await mergeLayouts({ tags: [] }, layouts, CREATED).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BuildFailed);
  expect(String(error)).not.toContain("SECRET");
});

it("a blob with other bytes than its name says ends the archive with an error", async () => {
  const layouts = await Promise.all([layoutOf(AMD), layoutOf(ARM)]);
  await writeFile(join(layouts[0]?.root ?? "", "blobs/sha256", HEX), "x");
  const { archive } = await mergeLayouts({ tags: [] }, layouts, CREATED);
  await expect(filesOf(archive())).rejects.toThrow(BuildFailed);
});
