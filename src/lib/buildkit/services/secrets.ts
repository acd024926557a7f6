/** Values of `RUN --mount=type=secret`, asked for at the moment of use: /moby.buildkit.secrets.v1.Secrets. */
import { CODE, GrpcError } from "../grpc.ts";
import { GET_SECRET_REQUEST, GET_SECRET_RESPONSE } from "../messages.ts";
import { unary } from "../served.ts";
import type { Methods } from "../served.ts";

/** @param read undefined for an id that there is not: an optional mount is left out then */
export function secrets(read: (id: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined): Methods {
  return {
    "/moby.buildkit.secrets.v1.Secrets/GetSecret": unary(
      { request: GET_SECRET_REQUEST, response: GET_SECRET_RESPONSE },
      async ({ id }) => {
        const data = await read(id);
        if (data === undefined) throw new GrpcError(CODE.notFound, `secret ${id}: not found`);
        return { data };
      },
    ),
  };
}
