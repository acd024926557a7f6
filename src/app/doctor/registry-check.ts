/** Whether an image can be pushed to its registry: starts an upload and cancels it, so nothing is pushed. */
import type { Duplex } from "node:stream";
import type { Reference } from "../../lib/image/reference.ts";
import { NotStarted } from "../../lib/kube/exec.ts";
import { AuthError, BuildFailed, ClusterError, SlipwayError, clauseOf } from "../../errors.ts";
import { TokenRefused } from "../../lib/registry/authorization.ts";
import type { RegistryClient } from "../../lib/registry/registry-client.ts";
import { uploadUrlOf } from "../../lib/registry/upload-url.ts";
import { RegistryError } from "../../lib/registry/registry-error.ts";
import { failed, ok } from "./check.ts";
import type { Check } from "./check.ts";
import { Unreached } from "./pod-tunnel.ts";

export type Dial = (host: string, port: number) => Promise<Duplex>;

/** Makes a client whose connections start in the pod. */
export type OpenRegistry = (dial: Dial) => RegistryClient;

export interface PushQuestion {
  readonly reference: Reference;
  /** The builder logs in with credentials that only the cluster has (a Secret, a ServiceAccount): only the connection can be checked. */
  readonly credentialsElsewhere: boolean;
}

export async function pushCheck(client: RegistryClient, question: PushQuestion): Promise<Check> {
  const { reference, credentialsElsewhere } = question;
  const { registry, repository } = reference;
  const name = "push";
  try {
    if (credentialsElsewhere) {
      await client.ask(registry, { method: "GET", path: "", scopes: [] });
      return ok(name, `${registry} answers a pod; only a build can show whether its login may push to ${repository}`);
    }
    const scopes = [`repository:${repository}:pull,push`];
    const begun = await client.ask(registry, { method: "POST", path: `${repository}/blobs/uploads/`, scopes });
    if (begun.status === 202) {
      // A build would also fail if the client cannot upload to the URL that the registry returns.
      const path = uploadUrlOf(begun, registry).href;
      // A registry that cannot cancel an upload discards it later.
      await client.ask(registry, { method: "DELETE", path, scopes }).catch(() => {});
      return ok(name, `${registry} can be reached from a pod and accepts a push to ${repository}`);
    }
    return failed(name, pushRefused(begun.status, reference));
  } catch (error) {
    return failed(name, explain(error, registry));
  }
}

function pushRefused(status: number, { registry, repository }: Reference): SlipwayError {
  if (status === 401) {
    return new AuthError(`${registry} requires a login, and does not accept the one it got`, {
      suggestions: [`Log in: slipway login ${registry}`, "Or use a Secret of the namespace with --registry-secret."],
    });
  }
  if (status === 403) {
    return new AuthError(`${registry} accepts this login, but the login may not push to ${repository}`, {
      suggestions: ["Ask for the right to push there, or choose another repository with -t."],
    });
  }
  if (status === 404) {
    return new BuildFailed(`${registry} has no repository ${repository}, and does not create it on a push`, {
      suggestions: ["Create the repository in the registry first."],
    });
  }
  return new BuildFailed(`${registry} refuses a push to ${repository}: HTTP ${status}`, {
    suggestions: ["See the registry's log for the reason."],
  });
}

/** Messages of TLS libraries about a certificate that they do not trust. */
const UNTRUSTED = /self.signed|unable to (?:verify|get)|certificate/i;

/** What container runtimes report for a missing program. */
const NO_PROGRAM = /executable file not found/;

function explain(error: unknown, registry: string): SlipwayError {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof NotStarted || (cause instanceof Unreached && NO_PROGRAM.test(cause.reported))) {
    const why = error instanceof Error ? error.message : String(error);
    return new ClusterError(`the helper image has no nc, so the registry cannot be checked from a pod: ${why}`, {
      suggestions: ["Use a busybox image with --helper-image."],
    });
  }
  if (error instanceof RegistryError && isExternal(cause) && UNTRUSTED.test(cause.message)) {
    return new BuildFailed(`the certificate of ${registry} is not trusted: ${error.reason}`, {
      suggestions: ["Give the certificate of its CA with --registry-ca FILE."],
    });
  }
  if (error instanceof RegistryError && error.unauthorised) {
    return new AuthError(`${registry} does not accept these credentials: ${error.reason}`, {
      suggestions: [`Log in: slipway login ${registry}`],
    });
  }
  return new ClusterError(clauseOf(error), {
    suggestions: [
      `Check the name, whether a NetworkPolicy keeps pods of this namespace from it, and whether it speaks plain http (--insecure-registry ${registry}).`,
    ],
  });
}

/** Whether the error comes from node or a library, and not from slipway. */
function isExternal(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof SlipwayError) && !(error instanceof TokenRefused);
}
