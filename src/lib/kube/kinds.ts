/** The kinds that slipway uses, and their paths in the API. */
import type { Kind } from "./cluster.ts";

interface KindInfo {
  readonly apiVersion: string;
  readonly kind: string;
  /** The word for one object in a sentence. */
  readonly noun: string;
  readonly namespaced: boolean;
}

const KINDS: Readonly<Record<Kind, KindInfo>> = {
  jobs: { apiVersion: "batch/v1", kind: "Job", noun: "job", namespaced: true },
  pods: { apiVersion: "v1", kind: "Pod", noun: "pod", namespaced: true },
  configmaps: { apiVersion: "v1", kind: "ConfigMap", noun: "config map", namespaced: true },
  secrets: { apiVersion: "v1", kind: "Secret", noun: "secret", namespaced: true },
  events: { apiVersion: "v1", kind: "Event", noun: "event", namespaced: true },
  persistentvolumeclaims: { apiVersion: "v1", kind: "PersistentVolumeClaim", noun: "volume claim", namespaced: true },
  nodes: { apiVersion: "v1", kind: "Node", noun: "node", namespaced: false },
  networkpolicies: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    noun: "network policy",
    namespaced: true,
  },
  namespaces: { apiVersion: "v1", kind: "Namespace", noun: "namespace", namespaced: false },
  resourcequotas: { apiVersion: "v1", kind: "ResourceQuota", noun: "quota", namespaced: true },
  limitranges: { apiVersion: "v1", kind: "LimitRange", noun: "limit range", namespaced: true },
  storageclasses: {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    noun: "storage class",
    namespaced: false,
  },
  selfsubjectreviews: {
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    noun: "review of the user",
    namespaced: false,
  },
  selfsubjectaccessreviews: {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    noun: "access review",
    namespaced: false,
  },
};

/** Path of a kind's collection, of one object, or of that object's subresource. */
/** @param namespace undefined: of every namespace */
export function pathOf(kind: Kind, namespace: string | undefined, ...rest: readonly string[]): string {
  const { apiVersion, namespaced } = KINDS[kind];
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const parts = namespaced && namespace !== undefined ? ["namespaces", namespace, kind, ...rest] : [kind, ...rest];
  return [root, ...parts.map(encodeURIComponent)].join("/");
}

/** The type fields that an object must have when it is sent. */
export function typeOf(kind: Kind): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: KINDS[kind].apiVersion, kind: KINDS[kind].kind };
}

/** An object in a message: `the pod "x" in the namespace "y"`; without a name: `pods in the namespace "y"`. */
export function nameOf(kind: Kind, name: string | undefined, namespace: string): string {
  const { noun, namespaced } = KINDS[kind];
  const what = name === undefined ? `${noun}s` : `the ${noun} "${name}"`;
  return namespaced ? `${what} in the namespace "${namespace}"` : what;
}
