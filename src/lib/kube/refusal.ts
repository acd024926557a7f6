/** Refusals of the API server: a Status object becomes an error of one sentence, with remedies and its HTTP code as a field. */
import { AuthError, ClusterError, SlipwayError } from "../../errors.ts";
import type { ApiRefusal, Kind } from "./cluster.ts";
import type { V1Status } from "@kubernetes/client-node";
import { explainDenial } from "./denial.ts";
import { nameOf } from "./kinds.ts";

/** The HTTP status of the refusal behind an error; undefined if the API server did not answer. */
export function httpStatusOf(error: unknown): number | undefined {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return typeof cause?.code === "number" ? cause.code : undefined;
}

/** The API server's message in the refusal behind an error; "" if it did not answer. */
export function reportedBy(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return typeof cause?.reported === "string" ? cause.reported : "";
}

/** The API server did not answer, or the connection to it was lost. */
export class ContactLost extends ClusterError {}

/** The credentials for the cluster could not be had: a plugin failed, or a file they are in. */
export class CredentialsLost extends AuthError {}

/**
 * Whether an error says only that this client cannot ask the cluster now: the network, an overloaded API server, or expired
 * credentials. An error of a registry or of a pod is never one, for any cause.
 */
export function hasLostContact(error: unknown): boolean {
  if (error instanceof ContactLost || error instanceof CredentialsLost) return true;
  const code = error instanceof SlipwayError ? httpStatusOf(error) : undefined;
  return code !== undefined && (code === 401 || code === 429 || code >= 500);
}

/** The request that was refused, for the message. */
export interface Attempt {
  /** RBAC's verb: get, list, watch, create, patch, delete. */
  readonly verb: string;
  /** RBAC's resource, with the subresource if there is one: pods, pods/log, pods/exec. */
  readonly resource: Kind | `${Kind}/${string}` | "version";
  readonly name?: string | undefined;
}

/** The cluster and namespace of a request, for messages. */
export interface ClusterLocation {
  readonly server: string;
  readonly context: string | undefined;
  readonly namespace: string;
}

/** The API server's refusal: the `cause` of every error that it leads to. */
export class ApiError extends Error implements ApiRefusal {
  readonly code: number;
  readonly reason: string;
  readonly details: V1Status["details"];
  /** The server's message; "" if it sent none. */
  readonly reported: string;

  constructor(status: V1Status) {
    super(status.message || `HTTP ${status.code}`);
    this.name = "ApiError";
    this.code = status.code ?? 0;
    this.reason = status.reason ?? "";
    this.details = status.details;
    this.reported = status.message ?? "";
  }
}

/** The refusal behind an error, if there is one. */
export function refusalOf(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  return error instanceof Error && error.cause instanceof ApiError ? error.cause : undefined;
}

/** Admission also writes "is forbidden: …"; only RBAC names the user. */
const ADMISSION = / is forbidden: (?!User ")(.+)/s;

/**
 * Whether an API server that has just started may refuse this although it is allowed: at first it knows neither accounts nor
 * roles. A refusal by admission is about the object, and is final.
 */
export function mayBePremature({ code, message = "" }: V1Status): boolean {
  return code === 401 || (code === 403 && explainDenial(message) === undefined && !ADMISSION.test(message));
}

/** Converts a Status to the error to throw. */
export function refuse(status: V1Status, attempt: Attempt, location: ClusterLocation): ClusterError | AuthError {
  const cause = new ApiError(status);
  const { code, message, reported } = cause;
  const doing = describe(attempt, location);

  if (code === 401) {
    return new AuthError(`the cluster does not accept these credentials at ${location.server}${contextOf(location)}`, {
      suggestions: [
        "Log in to the cluster again, so that `kubectl get pods` works.",
        "Check --kubeconfig and --context.",
      ],
      cause,
    });
  }
  const denial = explainDenial(reported, location.namespace);
  if (denial !== undefined) {
    return new ClusterError(`the cluster refused to ${doing}: ${denial.sentence}`, {
      suggestions: denial.suggestions,
      cause,
    });
  }
  const admission = ADMISSION.exec(reported)?.[1];
  if (code === 403 && admission !== undefined) {
    return new ClusterError(`the cluster refused to ${doing}${tell(admission)}`, { cause });
  }
  if (code === 403) return forbid(cause, attempt, location);
  if (code === 404 && isNamespaceGone(cause, location)) {
    return new ClusterError(`the namespace "${location.namespace}" does not exist${contextOf(location)}`, {
      suggestions: [
        "Check --namespace and --context.",
        `Create it: kubectl create namespace ${location.namespace}${contextFlag(location)}`,
      ],
      cause,
    });
  }
  const object = attempt.resource === "version" ? "it" : nameOf(kindOf(attempt), attempt.name, location.namespace);
  if (code === 404 && cause.details?.name !== undefined && cause.details.name === attempt.name) {
    return new ClusterError(`${object} does not exist${contextOf(location)}`, { cause });
  }
  if (code === 409 && cause.reason === "AlreadyExists") {
    return new ClusterError(`${object} already exists${contextOf(location)}`, { cause });
  }
  return new ClusterError(`${sentence(code, doing)}${tell(message)}`, { suggestions: remedies(code, location), cause });
}

function forbid(cause: ApiError, attempt: Attempt, location: ClusterLocation): AuthError {
  const silent = cause.reported === "" || /^(HTTP 403|forbidden)$/i.test(cause.reported);
  const rbac =
    /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/.exec(
      cause.reported,
    )?.groups;
  if (rbac === undefined && !silent) {
    return new AuthError(
      `a proxy in front of the cluster refused to ${describe(attempt, location)}${tell(cause.message)}`,
      {
        cause,
      },
    );
  }
  const verb = rbac?.["verb"] ?? attempt.verb;
  const resource = rbac?.["resource"] ?? attempt.resource;
  const namespace = rbac === undefined ? location.namespace : rbac["namespace"];
  const user = rbac === undefined ? "you" : `the user "${rbac["user"]}"`;
  const scope = namespace === undefined ? "in the whole cluster" : `in the namespace "${namespace}"`;
  const check = `kubectl auth can-i ${verb} ${resource}${namespace === undefined ? "" : ` -n ${namespace}`}${contextFlag(location)}`;
  const group = rbac?.["group"] ?? "";
  // A websocket is a GET; since 1.35 the server requires "create" as well.
  const verbs = resource === "pods/exec" || resource === "pods/portforward" ? `"get", "create"` : `"${verb}"`;
  const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${verbs}]}`;
  return new AuthError(`${user} may not ${verb} ${resource} ${scope}`, {
    suggestions: [`Check with: ${check}`, `Ask for a Role with the rule ${rule}, or use another namespace.`],
    cause,
  });
}

/** Only a POST reports a missing namespace; a GET of one object reports that the object is missing. */
function isNamespaceGone({ details, reported }: ApiError, location: ClusterLocation): boolean {
  return (details?.kind === "namespaces" && details.name === location.namespace) || reported.startsWith("namespaces ");
}

function sentence(code: number, doing: string): string {
  if (code === 404) return `the server has no such API endpoint: could not ${doing}`;
  if (code === 409) return `the object was changed at the same time: could not ${doing}`;
  if (code === 413) return `the request is too large for the cluster: could not ${doing}`;
  if (code === 400 || code === 422) return `the cluster rejected the request as invalid: could not ${doing}`;
  if (code === 429) return `the cluster is too busy to ${doing}`;
  if (code >= 500) return `the cluster failed to ${doing} (HTTP ${code})`;
  return `the cluster refused to ${doing} (HTTP ${code})`;
}

function remedies(code: number, location: ClusterLocation): readonly string[] {
  if (code === 429 || code >= 500) {
    return [`Try again; if it fails again, check the cluster: kubectl get --raw /readyz${contextFlag(location)}`];
  }
  if (code === 422 || code === 400) return ["Print the objects with --dry-run."];
  return [];
}

const VERBS: Readonly<Record<string, string>> = { get: "read", patch: "change" };

function describe(attempt: Attempt, { namespace }: ClusterLocation): string {
  if (attempt.resource === "version") return "tell its version";
  const object = nameOf(kindOf(attempt), attempt.name, namespace);
  if (attempt.resource.endsWith("/exec")) return `run a command in ${object}`;
  if (attempt.resource.endsWith("/log")) return `read the log of ${object}`;
  return `${VERBS[attempt.verb] ?? attempt.verb} ${object}`;
}

function kindOf({ resource }: Attempt): Kind {
  return resource.split("/", 1)[0] as Kind;
}

function tell(message: string): string {
  const text = message.trim().replace(/\.$/, "");
  return text === "" ? "" : `: ${text}`;
}

function contextOf({ context }: ClusterLocation): string {
  return context === undefined ? "" : ` (context "${context}")`;
}

function contextFlag({ context }: ClusterLocation): string {
  return context === undefined ? "" : ` --context ${context}`;
}
