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
  readonly transport: "auto" | "configmap" | "stream" | "pvc" | "cache";
  /** The build makes a Secret: for registry passwords or --secret. */
  readonly ships: boolean;
  /** The build makes a NetworkPolicy. */
  readonly networkPolicy?: boolean;
  /** Also look after builds started before: ps, attach, logs, cancel, rm. */
  readonly manage: boolean;
}

export function rightsOf({ transport, ships, manage, networkPolicy = false }: Need): Right[] {
  const streams = transport !== "configmap";
  return [
    {
      group: "batch",
      resource: "jobs",
      verbs: ["create", "get", "delete", ...(manage ? ["list", "watch"] : [])],
      reason: "the build itself; get to tell why its pod went; delete on Ctrl-C",
    },
    {
      group: "",
      resource: "pods",
      verbs: ["list", "watch", "patch", ...(streams || manage ? ["get"] : [])],
      reason: "follow the pod; patch to release it once what it mounts exists",
    },
    { group: "", resource: "pods/log", verbs: ["get"], reason: "the builder's log" },
    ...(streams
      ? [
          {
            group: "",
            resource: "pods/exec",
            // Over a websocket: get, and since Kubernetes 1.35 create as well (AuthorizePodWebsocketUpgradeCreatePermission).
            verbs: ["get", "create"],
            reason: "send contexts over 768 KiB",
          },
        ]
      : []),
    {
      group: "",
      resource: "configmaps",
      verbs: ["create", "delete"],
      reason: "contexts up to 768 KiB, certificates, files of a builder",
    },
    ...(ships
      ? [{ group: "", resource: "secrets", verbs: ["create", "delete"], reason: "registry passwords, build secrets" }]
      : []),
    ...(transport === "cache"
      ? [
          {
            group: "",
            resource: "persistentvolumeclaims",
            verbs: ["create", ...(manage ? ["list", "delete"] : [])],
            reason: "keep contexts between builds; list and delete for slipway cache",
          },
        ]
      : []),
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
