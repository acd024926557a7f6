/**
 * The merge keys of a pod's lists, by their path: the field that identifies an item. From the struct tags
 * `patchStrategy` and `patchMergeKey` of k8s.io/api/core/v1 (types.go). kubectl replaces any other list as a whole
 * (tolerations, args, command, capabilities.add, …), and so does slipway.
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

/** Merge keys of the lists of a container. */
const CONTAINER_KEYS: Readonly<Record<string, string>> = {
  env: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
};

const IN_CONTAINER = /^spec\.(?:containers|initContainers|ephemeralContainers)\[\]\.(\w+)$/;

/** The merge key of a list; undefined for a list that is replaced. */
export function mergeKeyOf(path: string): string | undefined {
  const field = IN_CONTAINER.exec(path)?.[1];
  return field === undefined ? MERGE_KEYS[path] : CONTAINER_KEYS[field];
}
