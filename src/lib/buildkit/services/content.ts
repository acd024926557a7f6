/**
 * The read half of containerd's content service (buildkit session/content; containerd api/services/content/v1). The daemon reads
 * blobs from this machine with it: `oci-layout://` contexts and imported `type=local` caches.
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
  /** Returns the size of a blob in bytes; undefined if there is none. @param digest `sha256:` and 64 hex digits, already checked */
  size(digest: string): Promise<number | undefined>;
  /** Reads a part of a blob. @param offset in bytes @param length in bytes */
  read(digest: string, offset: number, length: number): AsyncIterable<Uint8Array>;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The methods of the content service. @param stores by the ids that the solve's attributes use */
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
