/** Gives the daemon the values of `RUN --mount=type=secret` when it needs them: /moby.buildkit.secrets.v1.Secrets. */
import { CODE, GrpcError } from "../grpc.ts";
import { GET_SECRET_REQUEST, GET_SECRET_RESPONSE } from "../messages.ts";
import { unary } from "../served.ts";
import type { Methods } from "../served.ts";

/**
 * The methods of the Secrets service.
 * @param read returns a secret's value; undefined if there is no such secret, in which case the daemon skips an optional mount
 */
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
