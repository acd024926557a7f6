/** Reads images back from a test registry: the manifest, the configuration and the files its layers make. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { gunzipSync } from "node:zlib";
import { Agent, request } from "undici";
import { Parser } from "tar";

export interface ImageFile {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly link: string;
  /** Of the last change, in seconds since 1970. */
  readonly mtime: number;
  /** Names of its extended attributes, as far as the layer's archive has them. */
  readonly xattrs: readonly string[];
  readonly sha256: string;
  readonly text: string;
}

export interface Image {
  readonly digest: string;
  readonly configDigest: string;
  readonly config: {
    readonly config: {
      Env?: string[];
      Cmd?: string[];
      Entrypoint?: string[];
      User?: string;
      WorkingDir?: string;
      Labels?: Record<string, string>;
      ExposedPorts?: Record<string, unknown>;
      Volumes?: Record<string, unknown>;
    };
  };
  /** By path without a leading slash, whiteouts applied. */
  readonly files: ReadonlyMap<string, ImageFile>;
}

const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

export interface RegistryOptions {
  readonly scheme?: "http" | "https";
  readonly login?: string;
}

/** @param reference `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@DIGEST` */
export async function readImage(reference: string, options: RegistryOptions = {}): Promise<Image> {
  const match = /^([^/]+)\/(.+?)(?:@(sha256:[0-9a-f]+)|:([^:/@]+))?$/.exec(reference);
  if (match?.[1] === undefined || match[2] === undefined) throw new Error(`not a reference: ${reference}`);
  const base = `${options.scheme ?? "http"}://${match[1]}/v2/${match[2]}`;
  const manifestBytes = await get(`${base}/manifests/${match[3] ?? match[4] ?? "latest"}`, options);
  const manifest = JSON.parse(manifestBytes.toString()) as { config: { digest: string }; layers: { digest: string }[] };
  const config = JSON.parse(
    (await get(`${base}/blobs/${manifest.config.digest}`, options)).toString(),
  ) as Image["config"];
  const files = new Map<string, ImageFile>();
  for (const layer of manifest.layers) await applyLayer(files, await get(`${base}/blobs/${layer.digest}`, options));
  return { digest: `sha256:${sha256(manifestBytes)}`, configDigest: manifest.config.digest, config, files };
}

const MANIFESTS =
  "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*";
const REFERRERS = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, */*";

/**
 * A manifest of any kind, or a blob, as text.
 * @param image `HOST/REPOSITORY`
 * @param path below it: `manifests/TAG`, `blobs/DIGEST`
 */
export async function readText(image: string, path: string, options: RegistryOptions = {}): Promise<string> {
  const [host = "", ...repository] = image.split("/");
  const url = `${options.scheme ?? "http"}://${host}/v2/${repository.join("/")}/${path}`;
  return (await get(url, options, REFERRERS)).toString();
}

async function get(url: string, options: RegistryOptions, accept = MANIFESTS): Promise<Buffer> {
  const authorization =
    options.login === undefined ? {} : { authorization: `Basic ${Buffer.from(options.login).toString("base64")}` };
  const response = await request(url, { headers: { accept, ...authorization }, dispatcher });
  const body = Buffer.from(await response.body.arrayBuffer());
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}: ${body.toString()}`);
  return body;
}

/** Whiteouts are about the layers below, wherever in the archive they stand (OCI image specification, layer.md). */
async function applyLayer(files: Map<string, ImageFile>, layer: Buffer): Promise<void> {
  const entries = await readEntries(layer[0] === 0x1f ? gunzipSync(layer) : layer);
  for (const path of entries.keys()) {
    const at = path.lastIndexOf("/") + 1;
    const name = path.slice(at);
    if (name === ".wh..wh..opq") removeBelow(files, path.slice(0, Math.max(at - 1, 0)));
    else if (name.startsWith(".wh.")) remove(files, path.slice(0, at) + name.slice(".wh.".length));
  }
  for (const [path, file] of entries) {
    if ((path.split("/").at(-1) ?? "").startsWith(".wh.")) continue;
    if (file.type !== "Directory") removeBelow(files, path);
    files.set(path, file);
  }
}

function remove(files: Map<string, ImageFile>, path: string): void {
  files.delete(path);
  removeBelow(files, path);
}

function removeBelow(files: Map<string, ImageFile>, directory: string): void {
  const start = directory === "" ? "" : `${directory}/`;
  for (const known of files.keys()) if (known.startsWith(start) && known !== directory) files.delete(known);
}

/** By path without a leading slash; of entries with one name the last counts. */
async function readEntries(archive: Buffer): Promise<Map<string, ImageFile>> {
  const entries = new Map<string, ImageFile>();
  const parser = new Parser();
  // Records of a pax header, which the parser tells before the entry they are about.
  let records = "";
  parser.on("meta", (text: string) => (records += text));
  parser.on("entry", (entry) => {
    const xattrs = [...records.matchAll(/SCHILY\.xattr\.([\w.]+)=/g)].map(([, name = ""]) => name);
    records = "";
    const chunks: Buffer[] = [];
    entry.on("data", (chunk: Buffer) => chunks.push(chunk));
    entry.on("end", () => {
      const content = Buffer.concat(chunks);
      const path = plainPath(String(entry.path));
      if (path === "") return;
      entries.set(path, {
        type: String(entry.type),
        mode: (entry.mode ?? 0) & 0o7777,
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        size: content.length,
        link: String(entry.linkpath ?? ""),
        mtime: Math.floor((entry.mtime?.getTime() ?? 0) / 1000),
        xattrs,
        sha256: sha256(content),
        text: content.length < 65_536 ? content.toString() : "",
      });
    });
  });
  const ended = once(parser, "end");
  parser.end(archive);
  await ended;
  return entries;
}

/** As a file of the image: `./a/`, `/a` and `a` are one. */
export function plainPath(path: string): string {
  return path
    .replace(/^\.?\//, "")
    .replace(/\/$/, "")
    .replace(/^\.$/, "");
}

export function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}
