/** Layers as builders write them, entry by entry, and images of them in a registry that is asked over HTTP. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { Header } from "tar";

export type Entry =
  | { readonly name: string; readonly content: string | Buffer; readonly mode?: number }
  | { readonly name: string; readonly link: string }
  | { readonly name: string; readonly symlink: string }
  /** A directory, or with another type what stands there instead. */
  | { readonly name: string; readonly type?: "Directory" | "CharacterDevice" };

const BLOCK = 512;

export function archive(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), Buffer.alloc(2 * BLOCK)]);
}

function entryBytes(entry: Entry): Buffer {
  if ("content" in entry) {
    const content = Buffer.from(entry.content);
    return Buffer.concat([header(entry.name, "File", content.length, entry.mode), padded(content)]);
  }
  if ("link" in entry) return header(entry.name, "Link", 0, 0o644, entry.link);
  if ("symlink" in entry) return header(entry.name, "SymbolicLink", 0, 0o777, entry.symlink);
  return header(entry.name, entry.type ?? "Directory", 0, 0o755);
}

type Type = "File" | "Link" | "SymbolicLink" | "Directory" | "CharacterDevice";

/** Names that do not fit go into a pax header before it. */
function header(path: string, type: Type, size: number, mode = 0o644, linkpath = ""): Buffer {
  const block = Buffer.alloc(BLOCK);
  new Header({ path, type, size, mode, linkpath, mtime: new Date(0) }).encode(block, 0);
  if (Buffer.byteLength(path) < 100 && !/[^ -~]/.test(path)) return block;
  const record = (key: string, value: string): string => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest) + 1;
    while (String(length).length + Buffer.byteLength(rest) !== length) {
      length = String(length).length + Buffer.byteLength(rest);
    }
    return `${length}${rest}`;
  };
  const records = Buffer.from(record("path", path) + (linkpath === "" ? "" : record("linkpath", linkpath)));
  const before = Buffer.alloc(BLOCK);
  new Header({ path: "pax", type: "ExtendedHeader", size: records.length, mode: 0o644 }).encode(before, 0);
  return Buffer.concat([before, padded(records), block]);
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

export const digestOf = (data: Buffer | string): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;

export interface AttachedManifest {
  readonly subject?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
}

/** A registry with one image, and a say in how each of its blobs is sent. */
export class ImageServer {
  host = "";
  digest = "";
  /** Paths of blobs that were asked for. */
  readonly asked: string[] = [];
  /** Sends a blob in its own way, the count of times it was asked for before given. */
  send: (response: ServerResponse, blob: Buffer, before: number) => void = (response, blob) => response.end(blob);
  /** Takes nothing that is to be written. */
  refuses = false;
  /** Manifests that were put, and blobs that were uploaded, by digest. */
  readonly put: AttachedManifest[] = [];
  readonly uploaded = new Map<string, Buffer>();
  readonly #blobs = new Map<string, Buffer>();
  #manifest = "";

  /** @param layers as they are stored: the first is the lowest */
  static async start(layers: readonly Buffer[], manifest: object = {}): Promise<ImageServer> {
    const image = new ImageServer();
    for (const layer of layers) image.#blobs.set(digestOf(layer), layer);
    image.#manifest = JSON.stringify({
      schemaVersion: 2,
      layers: layers.map((layer) => ({ digest: digestOf(layer), size: layer.length })),
      ...manifest,
    });
    image.digest = digestOf(image.#manifest);
    const server = createServer((request, response) => {
      const { url = "", method = "" } = request;
      if (method === "POST" || method === "PUT") {
        void image.#take(request, response);
        return;
      }
      const [, kind, name = ""] = /^\/v2\/team\/app\/(manifests|blobs)\/(.*)$/.exec(url) ?? [];
      const blob = kind === "blobs" ? image.#blobs.get(name) : undefined;
      if (kind === "manifests" && name === image.digest) {
        response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end(image.#manifest);
      } else if (blob === undefined) response.writeHead(404).end();
      else {
        const before = image.asked.filter((known) => known === name).length;
        image.asked.push(name);
        image.send(response, blob, before);
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    image.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return image;
  }

  /** As a registry that lists what refers to a subject. */
  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const url = new URL(request.url ?? "", "http://x");
    if (this.refuses) response.writeHead(403).end();
    else if (request.method === "POST") response.writeHead(202, { location: "/v2/team/app/blobs/uploads/1" }).end();
    else if (url.pathname.includes("/manifests/")) {
      this.put.push(JSON.parse(body.toString()) as AttachedManifest);
      response.writeHead(201, { "oci-subject": this.digest }).end();
    } else {
      this.uploaded.set(url.searchParams.get("digest") ?? "", body);
      response.writeHead(201).end();
    }
  }
}
