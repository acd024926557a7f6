/** Forwards SSH agents to `RUN --mount=type=ssh`: /moby.sshforward.v1.SSH (buildkit session/sshforward). */
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { bytesOver } from "../bytes-stream.ts";
import { CODE, GrpcError } from "../grpc.ts";
import { CHECK_AGENT_REQUEST, EMPTY } from "../messages.ts";
import { unary } from "../served.ts";
import type { Methods } from "../served.ts";

/** Opens a new connection to an agent. @throws Error if the agent cannot be reached */
export type DialAgent = () => Promise<Duplex>;

/** The methods of the SSH service. @param agents by the mount's id, which is `default` for a mount without an id */
export function ssh(agents: ReadonlyMap<string, DialAgent>): Methods {
  const find = (id: string): DialAgent => {
    const dial = agents.get(id === "" ? "default" : id);
    if (dial === undefined) throw new GrpcError(CODE.notFound, `unset ssh forward key ${id}`);
    return dial;
  };
  return {
    "/moby.sshforward.v1.SSH/CheckAgent": unary({ request: CHECK_AGENT_REQUEST, response: EMPTY }, ({ id }) => {
      find(id);
      return {};
    }),
    "/moby.sshforward.v1.SSH/ForwardAgent": async (call) => {
      const agent = await find(call.metadata.first("buildkit.ssh.id") ?? "")();
      const stop = (): void => void agent.destroy();
      const caller = bytesOver({
        messages: call.messages,
        writeFramed: (framed) => call.writeFramed(framed),
        // The call ends by itself when both directions have ended.
        end: () => {},
        cancel: stop,
      });
      call.signal.addEventListener("abort", stop, { once: true });
      try {
        await Promise.all([pipeline(caller, agent, { end: true }), pipeline(agent, caller, { end: true })]);
      } finally {
        agent.destroy();
      }
    },
  };
}
