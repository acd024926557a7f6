/**
 * How the lists of a pod are merged, by their place in it: the field that tells their items apart. From the struct tags
 * `patchStrategy` and `patchMergeKey` of k8s.io/api/core/v1 (types.go); a list that is not here is replaced as a whole, as kubectl
 * does it (tolerations, args, command, capabilities.add, …).
 */

/** Path from the pod template, with [] for the items of a list. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  "spec.containers": "name",
  "spec.initContainers": "name",
  "spec.ephemeralContainers": "name",
  "spec.volumes": "name",
  "spec.imagePullSecrets": "name",
  "spec.hostAliases": "ip",
  "spec.topologySpreadConstraints": "topologyKey",
  "spec.resourceClaims": "name",
  "spec.schedulingGates": "name",
};

/** Of a container, wherever it stands. */
const CONTAINER_KEYS: Readonly<Record<string, string>> = {
  env: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
};

const IN_CONTAINER = /^spec\.(?:containers|initContainers|ephemeralContainers)\[\]\.(\w+)$/;

/** @returns undefined for a list that is replaced */
export function mergeKeyOf(path: string): string | undefined {
  const field = IN_CONTAINER.exec(path)?.[1];
  return field === undefined ? MERGE_KEYS[path] : CONTAINER_KEYS[field];
}
