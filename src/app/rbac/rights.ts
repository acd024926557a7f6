/** The rights that a build needs in its namespace, as data: `slipway rbac` prints them, and the tests' own account has no others. */
import type { Builder } from "../../builders/builder.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { candidatesOf } from "../../plan/transports.ts";
import type { TransportChoice } from "../../plan/transports.ts";

export interface Right {
  /** "" is the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** What it is needed for, in words. */
  readonly reason: string;
}

export interface Need {
  readonly transport: TransportChoice;
  /** The build makes a Secret: for registry passwords or --secret. */
  readonly ships: boolean;
  /** The build's ConfigMap may hold files besides the context: those of the builder, or certificates. */
  readonly files: boolean;
  /** The build makes the volume claim for its builder's state. */
  readonly cacheVolume?: boolean;
  /** The build makes a NetworkPolicy. */
  readonly networkPolicy?: boolean;
  /** Builds will use a kept builder: it is found with a list, reached with exec, and asks the client for what it needs. */
  readonly keep?: boolean;
  /** Also manage earlier builds: ps, attach, logs, cancel, rm. */
  readonly manage: boolean;
}

/** The needs of one build. */
export function needOf(plan: BuildPlan, builder: Pick<Builder, "mountsFiles">): Omit<Need, "manage"> {
  const keep = plan.keepSeconds !== undefined;
  const fromClient = (plan.secrets ?? []).some(({ source }) => source.kind !== "cluster");
  return {
    transport: keep ? "none" : plan.transport,
    ...(keep ? { keep } : {}),
    // A kept builder asks for what it needs.
    ships: !keep && (plan.credentials.kind === "shipped" || fromClient || (plan.ssh ?? []).length > 0),
    files: builder.mountsFiles === true || plan.registries.ca !== undefined,
    cacheVolume: plan.cacheVolume !== undefined,
    networkPolicy: plan.egress !== undefined,
  };
}

export function rightsOf(need: Need): Right[] {
  const { transport, ships, files, manage, cacheVolume = false, networkPolicy = false, keep = false } = need;
  const candidates = candidatesOf(transport);
  const streams = keep || candidates.some(({ needsExec }) => needsExec);
  // Removing a build deletes its inputs by name, whether it has them or not.
  const removed = manage ? ["delete"] : [];
  const inConfigMap = candidates.some(({ usesConfigMap }) => usesConfigMap);
  // The builder's ConfigMap stays for as long as the builder does.
  const configMaps = keep ? ["create", ...removed] : inConfigMap || files ? ["create", "delete"] : removed;
  const secrets = ships ? ["create", "delete"] : removed;
  const kept = candidates.some(({ claim }) => claim === "kept") || cacheVolume;
  const awaited = networkPolicy || [configMaps, secrets].some((verbs) => verbs.includes("create"));
  const claims = kept ? ["create", ...(manage ? ["list", "delete"] : [])] : [];
  return [
    {
      group: "batch",
      resource: "jobs",
      verbs: [
        "create",
        // A kept builder is found with a list, which also tells why it is gone.
        ...(keep && !manage ? ["list"] : ["get"]),
        "patch",
        "delete",
        ...(manage ? ["list", "watch"] : []),
      ],
      reason: keep
        ? "the kept builder itself; list to find it again; patch for its deadline; delete for slipway keep stop"
        : "the build itself; get to find out why its pod was deleted; patch for its deadline; delete on Ctrl-C",
    },
    {
      group: "",
      resource: "pods",
      verbs: ["list", "watch", ...(awaited ? ["patch"] : []), ...(streams || manage ? ["get"] : [])],
      reason: "follow the pod; patch to release it once the objects that it mounts exist",
    },
    {
      group: "",
      resource: "pods/log",
      verbs: ["get"],
      reason: keep ? "the log of doctor's trial pod, and of a builder that does not answer" : "the builder's log",
    },
    ...(streams
      ? [
          {
            group: "",
            resource: "pods/exec",
            // A websocket needs get, and since Kubernetes 1.35 create as well (AuthorizePodWebsocketUpgradeCreatePermission).
            verbs: ["get", "create"],
            reason: keep ? "talk to the kept builder" : "send contexts over 768 KiB",
          },
        ]
      : []),
    ...(keep
      ? given(
          "pods/portforward",
          ["get", "create"],
          "reach the kept builder at its port; without this, by exec, which takes longer",
        )
      : []),
    ...given(
      "configmaps",
      configMaps,
      keep ? "certificates, settings of the builder" : "contexts up to 768 KiB, certificates, files of the builder",
    ),
    ...given("secrets", secrets, "registry passwords, build secrets"),
    ...given(
      "persistentvolumeclaims",
      claims,
      "keep contexts and the builder's state between builds; list and delete for slipway cache",
    ),
    ...(networkPolicy
      ? [
          {
            group: "networking.k8s.io",
            resource: "networkpolicies",
            verbs: ["create"],
            reason: "limit what the build can connect to",
          },
        ]
      : []),
    {
      group: "",
      resource: "events",
      verbs: ["list", "watch"],
      reason: "report why a pod does not appear or start",
    },
  ];
}

/** Rights on a resource of the core group; none if there are no verbs. */
function given(resource: string, verbs: readonly string[], reason: string): Right[] {
  return verbs.length === 0 ? [] : [{ group: "", resource, verbs, reason }];
}
