/** Makes one OCI layout of those of several platforms, as BuildKit writes it: one index, which names an image for each platform. */
import { createHash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { BuildFailed } from "../../../errors.ts";
import { END_BYTES, encodeHeader, encodePlainHeader, padding } from "../../../lib/archive/tar.ts";
import { openRegularFile } from "../../../lib/files/open-regular-file.ts";
import type { Platform } from "../../../lib/image/platform.ts";
import { combineIndex } from "../../../lib/registry/combine-index.ts";
import type { IndexDescriptor, IndexPlatform, IndexSource } from "../../../lib/registry/combine-index.ts";
import { digestOf } from "../../../lib/registry/digest.ts";
import { OCI_INDEX, isIndex } from "../../../lib/registry/media-types.ts";
import { goJson } from "../../../lib/text/go-json.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import { inIndex, withPlatform } from "./publish-index.ts";

/** The layout of one platform, in a directory. */
export interface PlatformLayout {
  readonly platform: Platform;
  readonly root: string;
}

/** Where the blobs of a layout are (OCI image-spec 1.1, image-layout.md). */
const BLOBS = "blobs/sha256";
/** Annotations that tell containerd and docker the image's name (containerd images/annotations.go; image-spec, annotations.md). */
const NAME = "io.containerd.image.name";
const CREATED = "org.opencontainers.image.created";
const TAG = "org.opencontainers.image.ref.name";

/** The layout of all platforms. */
export interface MergedLayout {
  readonly descriptor: IndexDescriptor;
  /** The bytes of its archive. Each call starts from the beginning. */
  readonly archive: () => AsyncIterable<Uint8Array>;
  /** Of all blobs in it. */
  readonly bytes: number;
}

/**
 * @param layouts in the order that the index has
 * @throws BuildFailed for an image of another platform
 */
export async function mergeLayouts(
  { tags, indexAnnotations = [] }: Pick<BuildPlan, "tags" | "indexAnnotations">,
  layouts: readonly PlatformLayout[],
  created: Date,
): Promise<MergedLayout> {
  const sources = await Promise.all(layouts.map(readLayout));
  const { descriptor, text } = combineIndex(sources, indexAnnotations.flatMap(inIndex), true);
  const own = indexAnnotations.flatMap(({ on, key, value }) => (on === "index-descriptor" ? [[key, value]] : []));
  const names = tags.length === 0 ? [undefined] : tags;
  const manifests = names.map((name) => ({
    ...descriptor,
    annotations: sortedMap({
      ...(Object.fromEntries(own) as Record<string, string>),
      ...(name === undefined ? {} : { [NAME]: name.toString(), [TAG]: name.tag ?? "latest" }),
      [CREATED]: created.toISOString().replace(/\.\d+Z$/, "Z"),
    }),
  }));
  const blobs = new Map<string, Blob>();
  for (const { root } of layouts) for (const blob of await blobsOf(root)) blobs.set(blob.name, blob);
  blobs.set(hexOf(descriptor.digest), { name: hexOf(descriptor.digest), content: Buffer.from(text) });
  const index = goJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  const all = [...blobs.values()];
  const bytes = all.reduce((sum, blob) => sum + ("content" in blob ? blob.content.length : blob.size), 0);
  return { descriptor, archive: () => archive(all, index), bytes };
}

/** A file below BLOBS: on the disk, or the index that is made here. */
type Blob = { readonly name: string } & (
  | { readonly path: string; readonly size: number }
  | { readonly content: Uint8Array }
);

/** Hex digits of a blob's sha256. */
const BLOB_NAME = /^[0-9a-f]{64}$/;
/** Far more than the JSON of one image has. */
const MAX_JSON_BYTES = 4 << 20;

async function blobsOf(root: string): Promise<Blob[]> {
  const directory = join(root, BLOBS);
  for (const path of [join(root, "blobs"), directory]) {
    if (!(await lstat(path)).isDirectory()) throw brokenLayout();
  }
  const blobs: Blob[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    await using file = await openBlob(path);
    if (!BLOB_NAME.test(name)) throw brokenLayout();
    blobs.push({ name, path, size: (await file.stat()).size });
  }
  return blobs;
}

/**
 * Opens a file of a layout. The layout comes from a pod in which the Dockerfile's commands ran, and may have links to any file here.
 * @throws BuildFailed for everything else than a regular file
 */
async function openBlob(path: string): Promise<FileHandle> {
  const file = await openRegularFile(path);
  if (file === undefined) throw brokenLayout();
  return file;
}

/** @throws BuildFailed if it is not a regular file with JSON of one image. The error has none of its text */
async function readJson(path: string): Promise<{ readonly text: string; readonly value: unknown }> {
  await using file = await openBlob(path);
  if ((await file.stat()).size > MAX_JSON_BYTES) throw brokenLayout();
  const text = await file.readFile("utf8");
  try {
    return { text, value: JSON.parse(text) };
  } catch {
    throw brokenLayout();
  }
}

function brokenLayout(): BuildFailed {
  return new BuildFailed("the builder did not send the OCI layout of one image, so no archive is written");
}

async function readLayout({ platform, root }: PlatformLayout): Promise<IndexSource<string>> {
  const { value } = await readJson(join(root, "index.json"));
  const { manifests } = (value ?? {}) as { readonly manifests?: readonly IndexDescriptor[] };
  const first = Array.isArray(manifests) ? manifests[0] : undefined;
  if (typeof first?.digest !== "string") throw brokenLayout();
  const { mediaType, digest, size } = first;
  const text = await blobText(root, digest);
  const isOfSeveral = isIndex(mediaType);
  const own = isOfSeveral ? {} : { platform: await platformIn(root, text) };
  return withPlatform({ descriptor: { mediaType, digest, size, ...own }, text, origin: root }, platform);
}

async function platformIn(root: string, manifest: string): Promise<IndexPlatform> {
  const { config } = JSON.parse(manifest) as { readonly config: { readonly digest: string } };
  const { architecture, os } = JSON.parse(await blobText(root, config.digest)) as IndexPlatform;
  return { architecture, os };
}

/** The text of a blob, which is JSON. @throws BuildFailed for another one than its digest says */
async function blobText(root: string, digest: string): Promise<string> {
  const { text } = await readJson(join(root, BLOBS, hexOf(digest)));
  if (digestOf(text) !== digest) throw brokenLayout();
  return text;
}

/** In the order of BuildKit's archives: by name. */
async function* archive(blobs: readonly Blob[], index: string): AsyncIterable<Uint8Array> {
  for (const path of ["blobs/", `${BLOBS}/`]) {
    yield encodeHeader({ path, type: "directory", mode: 0o755, size: 0, mtime: 0, target: "" });
  }
  for (const blob of blobs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if ("content" in blob) {
      yield* file(`${BLOBS}/${blob.name}`, blob.content);
      continue;
    }
    yield encodePlainHeader(`${BLOBS}/${blob.name}`, blob.size);
    yield* verified(blob.path, blob.name);
    yield Buffer.alloc(padding(blob.size));
  }
  yield* file("index.json", Buffer.from(index));
  yield* file("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  yield Buffer.alloc(END_BYTES);
}

/** @throws BuildFailed at the end of a file whose bytes have another hash than its name, before the archive is complete */
async function* verified(path: string, hex: string): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  await using file = await openBlob(path);
  for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== hex) throw brokenLayout();
}

function* file(path: string, content: Uint8Array): Iterable<Uint8Array> {
  yield encodePlainHeader(path, content.length);
  yield content;
  yield Buffer.alloc(padding(content.length));
}

function hexOf(digest: string): string {
  const hex = digest.startsWith("sha256:") ? digest.slice("sha256:".length) : "";
  if (!BLOB_NAME.test(hex)) throw brokenLayout();
  return hex;
}

function sortedMap(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
