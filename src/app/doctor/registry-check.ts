/** Whether an image can be pushed to where its name says, asked without pushing anything: an upload is begun and cancelled. */
import type { Duplex } from "node:stream";
import type { Reference } from "../../lib/image/reference.ts";
import { NotStarted } from "../../lib/kube/exec.ts";
import { AuthError, BuildFailed, ClusterError, SlipwayError, clauseOf } from "../../errors.ts";
import { TokenRefused } from "../../lib/registry/authorization.ts";
import type { RegistryClient } from "../../lib/registry/registry-client.ts";
import { RegistryError } from "../../lib/registry/registry-error.ts";
import { failed, ok } from "./check.ts";
import type { Check } from "./check.ts";
import { Unreached } from "./pod-tunnel.ts";

/** Makes a client whose connections begin in the pod. */
export type OpenRegistry = (dial: (host: string, port: number) => Promise<Duplex>) => RegistryClient;

export interface PushQuestion {
  readonly reference: Reference;
  /** The builder logs in with what only the cluster knows (a Secret, a ServiceAccount): only whether the registry answers can be asked. */
  readonly credentialsElsewhere: boolean;
}

export async function pushCheck(client: RegistryClient, question: PushQuestion): Promise<Check> {
  const { reference, credentialsElsewhere } = question;
  const { registry, repository } = reference;
  const name = "push";
  try {
    if (credentialsElsewhere) {
      await client.ask(registry, { method: "GET", path: "", scopes: [] });
      return ok(name, `${registry} answers in a pod; whether its login may push to ${repository}, the build will see`);
    }
    const scopes = [`repository:${repository}:pull,push`];
    const begun = await client.ask(registry, { method: "POST", path: `${repository}/blobs/uploads/`, scopes });
    if (begun.status === 202) {
      const location = String(begun.headers["location"] ?? "");
      // A registry that cannot cancel forgets an upload by itself after a while.
      if (location !== "") {
        const path = new URL(location, begun.url).href;
        await client.ask(registry, { method: "DELETE", path, scopes }).catch(() => {});
      }
      return ok(name, `${registry} is reached from a pod, and takes a push to ${repository}`);
    }
    return failed(name, pushRefused(begun.status, reference));
  } catch (error) {
    return failed(name, explain(error, registry));
  }
}

function pushRefused(status: number, { registry, repository }: Reference): SlipwayError {
  if (status === 401) {
    return new AuthError(`${registry} wants a login, and does not take the one there is`, {
      suggestions: [`Log in: slipway login ${registry}`, "Or name a Secret of the namespace with --registry-secret."],
    });
  }
  if (status === 403) {
    return new AuthError(`${registry} knows this login, which may not push to ${repository}`, {
      suggestions: ["Ask for the right to push there, or name another repository with -t."],
    });
  }
  if (status === 404) {
    return new BuildFailed(`${registry} has no repository ${repository}, and makes none by itself`, {
      suggestions: ["Create the repository at the registry first."],
    });
  }
  return new BuildFailed(`${registry} refuses a push to ${repository}: it answered ${status}`, {
    suggestions: ["Look at the registry's own log: it knows why."],
  });
}

/** What TLS libraries say of a certificate they do not trust. */
const UNTRUSTED = /self.signed|unable to (?:verify|get)|certificate/i;

/** What runtimes of containers write where there is no such program. */
const NO_PROGRAM = /executable file not found/;

function explain(error: unknown, registry: string): SlipwayError {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof NotStarted || (cause instanceof Unreached && NO_PROGRAM.test(cause.said))) {
    const why = error instanceof Error ? error.message : String(error);
    return new ClusterError(`the helper image has no nc, so the registry cannot be asked from a pod: ${why}`, {
      suggestions: ["Name a busybox with --helper-image."],
    });
  }
  if (error instanceof RegistryError && isForeign(cause) && UNTRUSTED.test(cause.message)) {
    return new BuildFailed(`the certificate of ${registry} is not trusted: ${error.reason}`, {
      suggestions: ["Give its CA's certificate with --registry-ca FILE."],
    });
  }
  if (error instanceof RegistryError && error.unauthorised) {
    return new AuthError(`${registry} does not take these credentials: ${error.reason}`, {
      suggestions: [`Log in: slipway login ${registry}`],
    });
  }
  return new ClusterError(clauseOf(error), {
    suggestions: [
      "Check the name; whether a NetworkPolicy keeps the pods of this namespace from it; and whether it speaks plain http (--insecure-registry).",
    ],
  });
}

/** Of node's or a library's, and not of slipway's. */
function isForeign(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof SlipwayError) && !(error instanceof TokenRefused);
}
