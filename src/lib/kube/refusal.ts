/** Whether an error tells of the build, or only of us: that we no longer reach the cluster, or are no longer known to it. */
import { AuthError, ClusterError, SlipwayError } from "../../errors.ts";
import type { ApiRefusal, Kind } from "./cluster.ts";
import type { V1Status } from "@kubernetes/client-node";
import { explainDenial } from "./denial.ts";
import { nameOf } from "./kinds.ts";

/** The HTTP code of the refusal behind an error; undefined when the API server has not answered. */
export function codeOf(error: unknown): number | undefined {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return typeof cause?.code === "number" ? cause.code : undefined;
}

/** The API server's own words in the refusal behind an error; "" when it has not answered. */
export function saidOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return typeof cause?.said === "string" ? cause.said : "";
}

/** The API server did not answer, or the connection to it was lost. */
export class ContactLost extends ClusterError {}

/** The credentials for the cluster could not be had: a plugin failed, or a file they are in. */
export class CredentialsLost extends AuthError {}

/**
 * Whether an error says only that this client cannot ask the cluster now: the network, an overloaded API server, or expired
 * credentials. An error of a registry or of a pod is never one, whatever caused it.
 */
export function hasLostContact(error: unknown): boolean {
  if (error instanceof ContactLost || error instanceof CredentialsLost) return true;
  const code = error instanceof SlipwayError ? codeOf(error) : undefined;
  return code !== undefined && (code === 401 || code === 429 || code >= 500);
}

// The API server said no: its Status object as one sentence, with what to do about it.

/** What was tried, for the message. */
export interface Attempt {
  /** RBAC's verb: get, list, watch, create, patch, delete. */
  readonly verb: string;
  /** RBAC's resource, with the subresource if there is one: pods, pods/log, pods/exec. */
  readonly resource: Kind | `${Kind}/${string}` | "version";
  readonly name?: string | undefined;
}

/** Where it was tried. */
export interface Place {
  readonly server: string;
  readonly context: string | undefined;
  readonly namespace: string;
}

/** The refusal as the API server put it: the `cause` of every error that comes of one. */
export class ApiError extends Error implements ApiRefusal {
  readonly code: number;
  readonly reason: string;
  readonly details: V1Status["details"];
  /** The server's own words; "" where it has none. */
  readonly said: string;

  constructor(status: V1Status) {
    super(status.message || `HTTP ${status.code}`);
    this.name = "ApiError";
    this.code = status.code ?? 0;
    this.reason = status.reason ?? "";
    this.details = status.details;
    this.said = status.message ?? "";
  }
}

/** The refusal behind an error, if it comes of one. */
export function refusalOf(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  return error instanceof Error && error.cause instanceof ApiError ? error.cause : undefined;
}

/** Admission says "is forbidden: …", too; only RBAC says who cannot do what. */
const ADMISSION = / is forbidden: (?!User ")(.+)/s;

/**
 * Whether an API server that has just been started may say so of what is allowed: it knows neither accounts nor roles at first.
 * What admission refuses is about the object, and stays refused.
 */
export function mayBePremature({ code, message = "" }: V1Status): boolean {
  return code === 401 || (code === 403 && explainDenial(message) === undefined && !ADMISSION.test(message));
}

/** Turns a Status into the error to throw. */
export function refuse(status: V1Status, attempt: Attempt, place: Place): ClusterError | AuthError {
  const cause = new ApiError(status);
  const { code, message, said } = cause;
  const doing = describe(attempt, place);

  if (code === 401) {
    return new AuthError(`the cluster does not accept these credentials at ${place.server}${contextOf(place)}`, {
      suggestions: [
        "Log in to the cluster again, so that `kubectl get pods` works.",
        "Check --kubeconfig and --context.",
      ],
      cause,
    });
  }
  const denial = explainDenial(said);
  if (denial !== undefined) {
    return new ClusterError(`the cluster refused to ${doing}: ${denial.sentence}`, {
      suggestions: denial.suggestions,
      cause,
    });
  }
  const admission = ADMISSION.exec(said)?.[1];
  if (code === 403 && admission !== undefined) {
    return new ClusterError(`the cluster refused to ${doing}${tell(admission)}`, { cause });
  }
  if (code === 403) return forbid(cause, attempt, place);
  if (code === 404 && isNamespaceGone(cause, place)) {
    return new ClusterError(`the namespace "${place.namespace}" does not exist${contextOf(place)}`, {
      suggestions: [
        "Check --namespace and --context.",
        `Create it: kubectl create namespace ${place.namespace}${contextFlag(place)}`,
      ],
      cause,
    });
  }
  const object = attempt.resource === "version" ? "it" : nameOf(kindOf(attempt), attempt.name, place.namespace);
  if (code === 404 && cause.details?.name !== undefined && cause.details.name === attempt.name) {
    return new ClusterError(`${object} does not exist${contextOf(place)}`, { cause });
  }
  if (code === 409 && cause.reason === "AlreadyExists") {
    return new ClusterError(`${object} exists already${contextOf(place)}`, { cause });
  }
  return new ClusterError(`${sentence(code, doing)}${tell(message)}`, { suggestions: remedies(code, place), cause });
}

function forbid(cause: ApiError, attempt: Attempt, place: Place): AuthError {
  const silent = cause.said === "" || /^(HTTP 403|forbidden)$/i.test(cause.said);
  const rbac =
    /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/.exec(
      cause.said,
    )?.groups;
  if (rbac === undefined && !silent) {
    return new AuthError(`the way to the cluster does not allow to ${describe(attempt, place)}${tell(cause.message)}`, {
      cause,
    });
  }
  const verb = rbac?.["verb"] ?? attempt.verb;
  const resource = rbac?.["resource"] ?? attempt.resource;
  const namespace = rbac === undefined ? place.namespace : rbac["namespace"];
  const user = rbac === undefined ? "you" : `the user "${rbac["user"]}"`;
  const scope = namespace === undefined ? "in the whole cluster" : `in the namespace "${namespace}"`;
  const check = `kubectl auth can-i ${verb} ${resource}${namespace === undefined ? "" : ` -n ${namespace}`}${contextFlag(place)}`;
  const group = rbac?.["group"] ?? "";
  // A websocket is a GET; since 1.35 the server asks for the right to create as well.
  const verbs = resource === "pods/exec" ? `"get", "create"` : `"${verb}"`;
  const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${verbs}]}`;
  return new AuthError(`${user} may not ${verb} ${resource} ${scope}`, {
    suggestions: [`Check with: ${check}`, `Ask for a Role with the rule ${rule}, or use another namespace.`],
    cause,
  });
}

/** A POST into a namespace that is not there says so; a GET of one object there says only that the object is not. */
function isNamespaceGone({ details, said }: ApiError, place: Place): boolean {
  return (details?.kind === "namespaces" && details.name === place.namespace) || said.startsWith("namespaces ");
}

function sentence(code: number, doing: string): string {
  if (code === 404) return `what answers knows nothing of this API: could not ${doing}`;
  if (code === 409) return `somebody else changed it at the same time: could not ${doing}`;
  if (code === 413) return `this is too large for the cluster: could not ${doing}`;
  if (code === 400 || code === 422) return `the cluster does not accept this as valid: could not ${doing}`;
  if (code === 429) return `the cluster is too busy to ${doing}`;
  if (code >= 500) return `the cluster failed to ${doing} (HTTP ${code})`;
  return `the cluster refused to ${doing} (HTTP ${code})`;
}

function remedies(code: number, place: Place): readonly string[] {
  if (code === 429 || code >= 500) {
    return [`Try again; if it stays, look at the cluster: kubectl get --raw /readyz${contextFlag(place)}`];
  }
  if (code === 422 || code === 400) return ["See the objects it was sent with --dry-run."];
  return [];
}

const WORDS: Readonly<Record<string, string>> = { get: "read", patch: "change" };

function describe(attempt: Attempt, { namespace }: Place): string {
  if (attempt.resource === "version") return "tell its version";
  const object = nameOf(kindOf(attempt), attempt.name, namespace);
  if (attempt.resource.endsWith("/exec")) return `run a command in ${object}`;
  if (attempt.resource.endsWith("/log")) return `read the log of ${object}`;
  return `${WORDS[attempt.verb] ?? attempt.verb} ${object}`;
}

function kindOf({ resource }: Attempt): Kind {
  return resource.split("/", 1)[0] as Kind;
}

function tell(message: string): string {
  const text = message.trim().replace(/\.$/, "");
  return text === "" ? "" : `: ${text}`;
}

function contextOf({ context }: Place): string {
  return context === undefined ? "" : ` (context "${context}")`;
}

function contextFlag({ context }: Place): string {
  return context === undefined ? "" : ` --context ${context}`;
}
