/** Finds the local engine and asks what it is. */
import { InvalidInput, SlipwayError, clauseOf } from "../../../errors.ts";
import { EngineClient, EngineRefusal } from "../../../lib/engine/engine-client.ts";
import type { EngineInfo } from "../../../lib/engine/engine-client.ts";
import { findEngine } from "../../../lib/engine/find-engine.ts";
import type { FoundEngine } from "../../../lib/engine/find-engine.ts";

export interface ReachedEngine {
  readonly client: EngineClient;
  readonly info: EngineInfo;
  readonly found: FoundEngine;
}

const PUSH = "Push instead: -t REGISTRY/NAME without --load.";
const WITHOUT_ENGINE = [PUSH, "Or write an archive: -o type=docker,dest=image.tar."];
/** The same for several platforms, which docker's format cannot have. */
export const SEVERAL_WITHOUT_ENGINE = [PUSH, "Or write all platforms into one archive: -o type=oci,dest=image.tar."];

/**
 * @param remedies ways without an engine
 * @throws InvalidInput if there is none, or it does not answer
 */
export async function reachEngine(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  remedies: readonly string[] = WITHOUT_ENGINE,
): Promise<ReachedEngine> {
  const found = await findEngine(env);
  if (found === undefined) {
    throw new InvalidInput("--load needs a container engine on this machine, and there is none", {
      docker: "refuses",
      suggestions: [
        "Start Docker or Podman (`systemctl --user start podman.socket`), or name an engine: DOCKER_HOST=unix:///PATH.",
        ...remedies,
      ],
    });
  }
  const client = new EngineClient(found.address, signal);
  try {
    return { client, info: await client.info(), found };
  } catch (error) {
    throw engineFault(found, error, "--load cannot use the container engine", remedies);
  }
}

/** Whether an image can be loaded here. An engine that is named and does not answer is like none. */
export async function hasEngine(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  return reachEngine(env, signal).then(
    () => true,
    (error: unknown) => {
      if (signal.aborted || !(error instanceof InvalidInput)) throw error;
      return false;
    },
  );
}

/** @param what happened, as the start of the sentence. @returns the error itself if it explains itself already */
export function engineFault(
  { address, text, source }: FoundEngine,
  error: unknown,
  what: string,
  remedies: readonly string[] = WITHOUT_ENGINE,
): Error {
  if (error instanceof SlipwayError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const reason = REASONS[code ?? ""] ?? clauseOf(error);
  const isRefusal = error instanceof EngineRefusal;
  return new InvalidInput(`${what} at ${text} (${source}): ${reason}`, {
    docker: "refuses",
    suggestions: [
      ...(code === "EACCES" ? ["Add yourself to the group of the socket: sudo usermod -aG docker $USER"] : []),
      ...(isRefusal ? [] : ["Check that it runs: docker version"]),
      // An engine that expects TLS answers this to a request without it.
      ...(isRefusal && error.status === 400 && address.kind === "tcp" && address.tls === undefined
        ? ["If it expects TLS: export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=DIRECTORY"]
        : []),
      ...remedies,
    ],
    cause: error,
  });
}

const UNTRUSTED =
  "its certificate is not signed by a CA that is known here (ca.pem in DOCKER_CERT_PATH, or of the context)";
const REASONS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  ENOENT: "there is no such socket",
  ECONNREFUSED: "nothing listens there",
  EACCES: "you may not use its socket",
  ENOTFOUND: "its host is not known",
};
