/** The images the cases begin with, pushed to the registry over its API: what no builder of the five can be asked to make. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Agent, request } from "undici";
import { readImage } from "../../e2e/support/registry.ts";
import { archive } from "./tar-archive.ts";
import type { ArchiveFile } from "./tar-archive.ts";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
/** As an image's configuration calls this machine's processor. */
const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;
/** A processor this machine does not have. */
const FOREIGN = ARCHITECTURE === "arm64" ? "amd64" : "arm64";

/** cap_net_bind_service=ep, as in linux/capability.h: VFS_CAP_REVISION_2 with the effective bit, then permitted and inheritable. */
const NET_BIND_SERVICE = Buffer.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** @returns what the names in a case stand for, but for those that belong to one case. */
export async function pushImages(registry: string): Promise<Record<string, string>> {
  const base = `${registry}/busybox:1.35`;
  const { digest, config } = await readImage(base, { scheme: "https" });
  const repository = `${registry}/conformance`;
  const other = await pushImage(`${repository}/other`, { "other.txt": "other\n" });
  await pushImage(`${repository}/capable`, {
    "with-capability": {
      content: "capable\n",
      mode: 0o755,
      pax: { "SCHILY.xattr.security.capability": NET_BIND_SERVICE },
    },
  });
  await pushImage(`${repository}/pod-files`, { "etc/hosts": "10.0.0.7 db\n", "etc/hostname": "box\n" }, base);
  const triggers = { OnBuild: ["RUN echo triggered > /triggered"] };
  await pushOver(base, `${repository}/onbuild`, triggers);
  await pushIndex(`${repository}/index`, `${repository}/other`, base, other);
  return {
    base,
    "base-digest": `${registry}/busybox@${digest}`,
    other: `${repository}/other:1`,
    capable: `${repository}/capable:1`,
    onbuild: `${repository}/onbuild:1`,
    "pod-files": `${repository}/pod-files:1`,
    index: `${repository}/index:1`,
    path: config.config.Env?.find((entry) => entry.startsWith("PATH=")) ?? "",
    platform: `linux/${ARCHITECTURE}`,
    architecture: ARCHITECTURE,
    foreign: `linux/${FOREIGN}`,
  };
}

interface Below {
  readonly config: object & { readonly rootfs: { readonly diff_ids: readonly string[] } };
  readonly layers: readonly { readonly digest: string }[];
}

/** What one layer more is put onto. */
async function readBase(from: string, repository: string): Promise<Below> {
  const [host, name] = split(from);
  const [source] = name.split(":");
  const manifest = JSON.parse((await get(`https://${host}/v2/${source}/manifests/1.35`)).toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  for (const { digest } of manifest.layers)
    await pushBlob(repository, await get(`https://${host}/v2/${source}/blobs/${digest}`));
  const config = (await get(`https://${host}/v2/${source}/blobs/${manifest.config.digest}`)).toString();
  return { config: JSON.parse(config) as Below["config"], layers: manifest.layers };
}

/** An image of one layer, or of one more than its base. @returns its manifest's digest and size */
async function pushImage(
  repository: string,
  files: Readonly<Record<string, string | ArchiveFile>>,
  base?: string,
): Promise<{ digest: string; size: number }> {
  const layer = archive(files);
  const below = base === undefined ? undefined : await readBase(base, repository);
  const ids = [...(below?.config.rootfs.diff_ids ?? []), digestOf(layer)];
  const config = {
    architecture: ARCHITECTURE,
    os: "linux",
    config: {},
    ...below?.config,
    rootfs: { type: "layers", diff_ids: ids },
    history: ids.map(() => ({ created_by: "conformance" })),
  };
  const packed = gzipSync(layer);
  await pushBlob(repository, packed);
  return pushManifest(repository, config, [
    ...(below?.layers ?? []),
    { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: packed.length, digest: digestOf(packed) },
  ]);
}

/** A copy of an image, with more in its configuration. */
async function pushOver(from: string, repository: string, more: object): Promise<void> {
  const [host, name] = split(from);
  const [source] = name.split(":");
  const manifest = JSON.parse((await get(`https://${host}/v2/${source}/manifests/1.35`)).toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  const config = JSON.parse((await get(`https://${host}/v2/${source}/blobs/${manifest.config.digest}`)).toString()) as {
    config: object;
  };
  for (const { digest } of manifest.layers) {
    await pushBlob(repository, await get(`https://${host}/v2/${source}/blobs/${digest}`));
  }
  await pushManifest(repository, { ...config, config: { ...config.config, ...more } }, manifest.layers);
}

/** Of this machine's platform the busybox image with one file more, of another one an image of nothing. */
async function pushIndex(
  repository: string,
  other: string,
  base: string,
  foreign: { digest: string; size: number },
): Promise<void> {
  const [host, name] = split(base);
  const [source] = name.split(":");
  const manifest = JSON.parse((await get(`https://${host}/v2/${source}/manifests/1.35`)).toString()) as {
    config: { digest: string };
    layers: { mediaType: string; size: number; digest: string }[];
  };
  const config = JSON.parse((await get(`https://${host}/v2/${source}/blobs/${manifest.config.digest}`)).toString()) as {
    rootfs: { diff_ids: string[] };
  };
  for (const { digest } of manifest.layers) {
    await pushBlob(repository, await get(`https://${host}/v2/${source}/blobs/${digest}`));
  }
  const layer = archive({ "other.txt": "other\n" });
  const packed = gzipSync(layer);
  await pushBlob(repository, packed);
  const own = await pushManifest(
    repository,
    {
      ...config,
      rootfs: { type: "layers", diff_ids: [...config.rootfs.diff_ids, digestOf(layer)] },
      history: [...config.rootfs.diff_ids, ""].map(() => ({ created_by: "conformance" })),
    },
    [
      ...manifest.layers,
      { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: packed.length, digest: digestOf(packed) },
    ],
    "own",
  );
  await copyManifest(other, repository);
  const list = {
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifests: [
      { mediaType: MANIFEST, ...foreign, platform: { os: "linux", architecture: FOREIGN } },
      { mediaType: MANIFEST, ...own, platform: { os: "linux", architecture: ARCHITECTURE } },
    ],
  };
  await put(repository, "manifests/1", Buffer.from(JSON.stringify(list)), list.mediaType);
}

async function copyManifest(from: string, to: string): Promise<void> {
  const [host, source] = split(from);
  const bytes = await get(`https://${host}/v2/${source}/manifests/1`);
  const manifest = JSON.parse(bytes.toString()) as { config: { digest: string }; layers: { digest: string }[] };
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    await pushBlob(to, await get(`https://${host}/v2/${source}/blobs/${digest}`));
  }
  await put(to, "manifests/foreign", bytes, MANIFEST);
}

async function pushManifest(
  repository: string,
  config: object,
  layers: readonly object[],
  tag = "1",
): Promise<{ digest: string; size: number }> {
  const data = Buffer.from(JSON.stringify(config));
  await pushBlob(repository, data);
  const described = {
    mediaType: "application/vnd.docker.container.image.v1+json",
    size: data.length,
    digest: digestOf(data),
  };
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: described, layers: [...layers] }),
  );
  await put(repository, `manifests/${tag}`, bytes, MANIFEST);
  return { digest: digestOf(bytes), size: bytes.length };
}

async function pushBlob(repository: string, data: Buffer): Promise<void> {
  const [host, name] = split(repository);
  const begun = await request(`https://${host}/v2/${name}/blobs/uploads/`, { method: "POST", dispatcher });
  await begun.body.dump();
  const location = new URL(String(begun.headers["location"]), `https://${host}`);
  location.searchParams.set("digest", digestOf(data));
  const headers = { "content-type": "application/octet-stream" };
  const done = await request(location, { method: "PUT", headers, body: data, dispatcher });
  if (done.statusCode !== 201) throw new Error(`${repository} took no blob: ${await done.body.text()}`);
  await done.body.dump();
}

async function put(repository: string, path: string, body: Buffer, type: string): Promise<void> {
  const [host, name] = split(repository);
  const headers = { "content-type": type };
  const answer = await request(`https://${host}/v2/${name}/${path}`, { method: "PUT", headers, body, dispatcher });
  if (answer.statusCode !== 201) throw new Error(`${repository} took no ${path}: ${await answer.body.text()}`);
  await answer.body.dump();
}

async function get(url: string): Promise<Buffer> {
  const answer = await request(url, { headers: { accept: MANIFEST }, dispatcher });
  const body = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${body.toString()}`);
  return body;
}

function split(name: string): [host: string, rest: string] {
  const at = name.indexOf("/");
  return [name.slice(0, at), name.slice(at + 1)];
}

function digestOf(data: Buffer): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}
