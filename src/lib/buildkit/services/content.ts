/**
 * Blobs of images that lie here, read by the daemon: containerd's content service, as far as reading takes (buildkit
 * session/content; containerd api/services/content/v1). It serves `oci-layout://` contexts and `type=local` caches that are imported.
 */
import { CODE, GrpcError } from "../grpc.ts";
import type { Metadata } from "../grpc.ts";
import {
  CONTENT_INFO_REQUEST,
  CONTENT_INFO_RESPONSE,
  CONTENT_READ_REQUEST,
  CONTENT_READ_RESPONSE,
} from "../messages.ts";
import { decode, encode } from "../protobuf.ts";
import { unary } from "../served.ts";
import type { Methods } from "../served.ts";

export interface BlobStore {
  /** Bytes of a blob; undefined when it is not there. @param digest checked to be `sha256:` and 64 hex digits */
  size(digest: string): Promise<number | undefined>;
  read(digest: string, offset: number, length: number): AsyncIterable<Uint8Array>;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @param stores by the ids that the solve's attributes name */
export function content(stores: ReadonlyMap<string, BlobStore>): Methods {
  const find = async (metadata: Metadata, digest: string): Promise<{ store: BlobStore; size: number }> => {
    const id = metadata.first("buildkit-attachable-store-id") ?? "";
    const store = stores.get(id);
    if (store === undefined) throw new GrpcError(CODE.notFound, `unknown store ${id}: not found`);
    const size = DIGEST.test(digest) ? await store.size(digest) : undefined;
    if (size === undefined) throw new GrpcError(CODE.notFound, `content ${digest}: not found`);
    return { store, size };
  };
  return {
    "/containerd.services.content.v1.Content/Info": unary(
      { request: CONTENT_INFO_REQUEST, response: CONTENT_INFO_RESPONSE },
      async ({ digest }, metadata) => ({ info: { digest, size: (await find(metadata, digest)).size } }),
    ),
    "/containerd.services.content.v1.Content/Read": async (call) => {
      const { value } = await call.messages.next();
      const request = decode(CONTENT_READ_REQUEST, value ?? new Uint8Array());
      const { store, size } = await find(call.metadata, request.digest);
      const end = request.size > 0 ? Math.min(size, request.offset + request.size) : size;
      let { offset } = request;
      for await (const data of store.read(request.digest, offset, Math.max(0, end - offset))) {
        await call.write(encode(CONTENT_READ_RESPONSE, { offset, data }));
        offset += data.length;
      }
    },
  };
}
