import { describe, expect, test } from "vitest";
import { mayBePremature, refusalOf, refuse } from "../../../../src/lib/kube/refusal.ts";
import type { Attempt } from "../../../../src/lib/kube/refusal.ts";
import { parseStatus, readStatus } from "../../../../src/lib/kube/status.ts";
import { DialError } from "../../../../src/lib/http/dial.ts";
import { explainNetwork } from "../../../../src/lib/kube/unreachable.ts";
import { AuthError, ClusterError } from "../../../../src/errors.ts";

const place = { server: "https://api:6443", context: "dev", namespace: "team" };
const createPod: Attempt = { verb: "create", resource: "pods", name: "build-1" };

/** Status objects as a 1.36 API server sends them, and the sentence each becomes. */
test.each<
  [string, Attempt, number, string, string, object | undefined, typeof ClusterError | typeof AuthError, string, RegExp]
>([
  [
    "credentials",
    createPod,
    401,
    "Unauthorized",
    "Unauthorized",
    undefined,
    AuthError,
    'the cluster does not accept these credentials at https://api:6443 (context "dev")',
    /Log in/,
  ],
  [
    "RBAC",
    createPod,
    403,
    "Forbidden",
    'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "team"',
    { kind: "pods" },
    AuthError,
    'the user "jane" may not create pods in the namespace "team"',
    /kubectl auth can-i create pods -n team --context dev.*Role with the rule \{apiGroups: \[""\], resources: \["pods"\], verbs: \["create"\]\}/,
  ],
  [
    "RBAC on a subresource",
    { verb: "create", resource: "pods/exec", name: "p" },
    403,
    "Forbidden",
    'pods "p" is forbidden: User "system:serviceaccount:ci:bot" cannot create resource "pods/exec" in API group "" in the namespace "team"',
    { name: "p", kind: "pods" },
    AuthError,
    'the user "system:serviceaccount:ci:bot" may not create pods/exec in the namespace "team"',
    /can-i create pods\/exec .*verbs: \["get", "create"\]/,
  ],
  [
    "RBAC in the whole cluster",
    { verb: "get", resource: "namespaces", name: "team" },
    403,
    "Forbidden",
    'namespaces "team" is forbidden: User "jane" cannot get resource "namespaces" in API group "" at the cluster scope',
    { name: "team", kind: "namespaces" },
    AuthError,
    'the user "jane" may not get namespaces in the whole cluster',
    /can-i get namespaces --context/,
  ],
  [
    "a 403 without words",
    createPod,
    403,
    "",
    "",
    undefined,
    AuthError,
    'you may not create pods in the namespace "team"',
    /can-i create pods/,
  ],
  [
    "a 403 of something in between",
    createPod,
    403,
    "",
    "blocked by company policy",
    undefined,
    AuthError,
    'a proxy in front of the cluster refused to create the pod "build-1" in the namespace "team": blocked by company policy',
    /^$/,
  ],
  [
    "an admission plugin nobody has heard of",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: it is Sunday',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": it is Sunday',
    /^$/,
  ],
  [
    "Pod Security",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: violates PodSecurity "baseline:latest": privileged (container "b" must not set securityContext.privileged=true)',
    { name: "build-1", kind: "pods" },
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the namespace\'s Pod Security level "baseline" forbids securityContext.privileged=true',
    /level baseline/,
  ],
  [
    "a quota that is used up",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5',
    { name: "build-1", kind: "pods" },
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the quota "small" is used up (requested: pods=1, used: pods=5, limited: pods=5)',
    /describe quota small/,
  ],
  [
    "a quota that wants resources",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: failed quota: compute: must specify limits.cpu for: build; limits.memory for: build',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the quota "compute" requires every pod to set limits.cpu for: build; limits.memory for: build',
    /--limits cpu=1,memory=2Gi$/,
  ],
  [
    "a limit range",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the namespace\'s limit range does not allow it: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    /describe limitrange/,
  ],
  [
    "a webhook",
    createPod,
    400,
    "",
    'admission webhook "validation.gatekeeper.sh" denied the request: [registry] image is not allowed\n[owner] label is missing',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the admission webhook "validation.gatekeeper.sh" denied it: [registry] image is not allowed; [owner] label is missing',
    /policy/,
  ],
  [
    "a webhook that is down",
    createPod,
    500,
    "InternalError",
    'Internal error occurred: failed calling webhook "x.example": failed to call webhook: connection refused',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the admission webhook "x.example" failed: failed to call webhook: connection refused',
    /fault of the cluster/,
  ],
  [
    "a policy",
    createPod,
    422,
    "Invalid",
    "pods \"build-1\" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'all' denied request: must not run as root",
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the admission policy "no-root" denied it: must not run as root',
    /policy/,
  ],
  [
    "a namespace on its way out",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: unable to create new content in namespace team because it is being terminated',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the namespace "team" is being deleted',
    /another namespace/,
  ],
  [
    "a service account that is missing",
    createPod,
    403,
    "Forbidden",
    'pods "build-1" is forbidden: error looking up service account team/builder: serviceaccount "builder" not found',
    undefined,
    ClusterError,
    'the cluster refused to create the pod "build-1" in the namespace "team": the service account "builder" does not exist in the namespace "team"',
    /create serviceaccount builder -n team/,
  ],
  [
    "no namespace",
    createPod,
    404,
    "NotFound",
    'namespaces "team" not found',
    { name: "team", kind: "namespaces" },
    ClusterError,
    'the namespace "team" does not exist (context "dev")',
    /kubectl create namespace team --context dev/,
  ],
  [
    "no object",
    { verb: "get", resource: "configmaps", name: "c" },
    404,
    "NotFound",
    'configmaps "c" not found',
    { name: "c", kind: "configmaps" },
    ClusterError,
    'the config map "c" in the namespace "team" does not exist (context "dev")',
    /^$/,
  ],
  [
    "no such API",
    createPod,
    404,
    "",
    "404 page not found",
    undefined,
    ClusterError,
    'the server has no such API endpoint: could not create the pod "build-1" in the namespace "team": 404 page not found',
    /^$/,
  ],
  [
    "a name that is taken",
    createPod,
    409,
    "AlreadyExists",
    'pods "build-1" already exists',
    undefined,
    ClusterError,
    'the pod "build-1" in the namespace "team" already exists (context "dev")',
    /^$/,
  ],
  [
    "a conflict",
    { verb: "patch", resource: "jobs", name: "j" },
    409,
    "Conflict",
    "the object has been modified",
    undefined,
    ClusterError,
    'the object was changed at the same time: could not change the job "j" in the namespace "team": the object has been modified',
    /^$/,
  ],
  [
    "invalid",
    createPod,
    422,
    "Invalid",
    'Pod "build-1" is invalid: spec.containers: Required value',
    undefined,
    ClusterError,
    'the cluster rejected the request as invalid: could not create the pod "build-1" in the namespace "team": Pod "build-1" is invalid: spec.containers: Required value',
    /--dry-run/,
  ],
  [
    "too busy",
    { verb: "list", resource: "pods" },
    429,
    "TooManyRequests",
    "the server has received too many requests",
    undefined,
    ClusterError,
    'the cluster is too busy to list pods in the namespace "team": the server has received too many requests',
    /readyz/,
  ],
  [
    "its own failure",
    { verb: "get", resource: "pods/log", name: "p" },
    500,
    "InternalError",
    "dial tcp 10.0.0.1:10250: connection refused",
    undefined,
    ClusterError,
    'the cluster failed to read the log of the pod "p" in the namespace "team" (HTTP 500): dial tcp 10.0.0.1:10250: connection refused',
    /readyz/,
  ],
])("%s", (_, attempt, code, reason, message, details, type, sentence, suggestions) => {
  const error = refuse(parseStatus(code, JSON.stringify({ code, reason, message, details })), attempt, place);
  expect(error).toBeInstanceOf(type);
  expect(error.message).toBe(sentence);
  expect(error.suggestions.join(" ")).toMatch(suggestions);
  expect(refusalOf(error)).toMatchObject({ code, reason });
});

describe("bodies that are not a Status object", () => {
  test("plain text is told, a page is not", () => {
    expect(parseStatus(502, "bad gateway\n")).toEqual({ code: 502, message: "bad gateway" });
    expect(parseStatus(503, "<html><body>Sorry</body></html>")).toEqual({ code: 503, message: "" });
    expect(parseStatus(500, '"text"')).toEqual({ code: 500, message: '"text"' });
  });

  test("a truncated body is reported as far as it arrived", async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half a ");
      throw new Error("reset");
    }
    expect(await readStatus(500, body())).toEqual({ code: 500, message: "half a" });
  });
});

describe("the network", () => {
  const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

  test.each([
    ["ECONNREFUSED", "connect ECONNREFUSED", "the cluster at https://api:6443 cannot be reached: connection refused"],
    ["ENOTFOUND", "getaddrinfo ENOTFOUND api", "the host name of https://api:6443 is unknown"],
    [
      "ETIMEDOUT",
      "no connection within 15 s",
      "the cluster at https://api:6443 cannot be reached: no connection within 15 s",
    ],
    ["ECONNRESET", "read ECONNRESET", "the connection to the cluster at https://api:6443 was lost: read ECONNRESET"],
    [
      "CERT_HAS_EXPIRED",
      "certificate has expired",
      "the certificate of https://api:6443 is not trusted: certificate has expired",
    ],
    [
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      "ssl/x:tlsv13 alert certificate required:y",
      "no TLS connection to https://api:6443: alert certificate required",
    ],
    ["", "odd", "the cluster at https://api:6443 cannot be used: odd"],
  ])("%s", (code, message, sentence) => {
    const error = explainNetwork(failure(code, message), place);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toBe(sentence);
    expect((error as ClusterError).suggestions.join(" ")).toMatch("kubectl cluster-info --context dev");
  });

  test("several addresses, each refused", () => {
    const all = Object.assign(new AggregateError([failure("EHOSTUNREACH", "connect EHOSTUNREACH ::1")]), {
      code: "EHOSTUNREACH",
    });
    expect(explainNetwork(new DialError(all, undefined), place).message).toBe(
      "the cluster at https://api:6443 cannot be reached: connect EHOSTUNREACH ::1",
    );
  });
});

/** An API server that was restarted knows neither accounts nor roles for some seconds; what admission says of an object is final. */
test.each<[string, number, string, boolean]>([
  ["credentials", 401, "Unauthorized", true],
  [
    "RBAC",
    403,
    'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "team"',
    true,
  ],
  ["quota", 403, 'pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1', false],
  ["Pod Security", 403, 'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged', false],
  [
    "a namespace that goes",
    403,
    'configmaps "c" is forbidden: unable to create new content in namespace team because it is being terminated',
    false,
  ],
  ["a conflict", 409, "already exists", false],
])("whether a refusal of a server just restarted may be premature: %s", (_, code, message, premature) => {
  expect(mayBePremature({ code, message })).toBe(premature);
});
