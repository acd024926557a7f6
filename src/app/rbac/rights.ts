/** What a build has to be allowed to do in its namespace, as data: printed by `slipway rbac`, and all that the tests' own account may do. */

export interface Right {
  /** "" is the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** What it is for, for a person. */
  readonly reason: string;
}

export interface Need {
  readonly transport: "auto" | "configmap" | "stream" | "pvc" | "cache" | "none";
  /** The build makes a Secret: for registry passwords or --secret. */
  readonly ships: boolean;
  /** The build's ConfigMap may have files besides the context: the builder's own, or certificates. */
  readonly files: boolean;
  /** The build makes the volume claim of its builder's state. */
  readonly cacheVolume?: boolean;
  /** The build makes a NetworkPolicy. */
  readonly networkPolicy?: boolean;
  /** Builds will use a kept builder: it is found by a list, dialled by exec, and asks the client for what it needs. */
  readonly keep?: boolean;
  /** Also look after builds started before: ps, attach, logs, cancel, rm. */
  readonly manage: boolean;
}

export function rightsOf(need: Need): Right[] {
  const { transport, ships, files, manage, cacheVolume = false, networkPolicy = false, keep = false } = need;
  const streams = keep || (transport !== "configmap" && transport !== "none");
  // Whoever removes a build removes its inputs by name, whichever it has.
  const removed = manage ? ["delete"] : [];
  const configMaps = transport === "auto" || transport === "configmap" || files ? ["create", "delete"] : removed;
  const secrets = ships ? ["create", "delete"] : removed;
  const kept = transport === "cache" || cacheVolume;
  const awaited = networkPolicy || [configMaps, secrets].some((verbs) => verbs.includes("create"));
  const claims = kept ? ["create", ...(manage ? ["list", "delete"] : [])] : [];
  return [
    {
      group: "batch",
      resource: "jobs",
      verbs: ["create", "get", "patch", "delete", ...(manage ? ["list", "watch"] : keep ? ["list"] : [])],
      reason: "the build itself; get to tell why its pod went; patch for its deadline; delete on Ctrl-C",
    },
    {
      group: "",
      resource: "pods",
      verbs: ["list", "watch", ...(awaited ? ["patch"] : []), ...(streams || manage ? ["get"] : [])],
      reason: "follow the pod; patch to release it once what the build makes besides exists",
    },
    { group: "", resource: "pods/log", verbs: ["get"], reason: "the builder's log" },
    ...(streams
      ? [
          {
            group: "",
            resource: "pods/exec",
            // Over a websocket: get, and since Kubernetes 1.35 create as well (AuthorizePodWebsocketUpgradeCreatePermission).
            verbs: ["get", "create"],
            reason: keep ? "talk to the kept builder" : "send contexts over 768 KiB",
          },
        ]
      : []),
    ...given("configmaps", configMaps, "contexts up to 768 KiB, certificates, files of a builder"),
    ...given("secrets", secrets, "registry passwords, build secrets"),
    ...given(
      "persistentvolumeclaims",
      claims,
      "keep contexts and a builder's state between builds; list and delete for slipway cache",
    ),
    ...(networkPolicy
      ? [
          {
            group: "networking.k8s.io",
            resource: "networkpolicies",
            verbs: ["create"],
            reason: "limit what the build connects to",
          },
        ]
      : []),
    {
      group: "",
      resource: "events",
      verbs: ["list", "watch"],
      reason: "say why a pod does not come or start",
    },
  ];
}

/** On a resource of the core group; none where there are no verbs. */
function given(resource: string, verbs: readonly string[], reason: string): Right[] {
  return verbs.length === 0 ? [] : [{ group: "", resource, verbs, reason }];
}
