/**
 * Asks service meshes not to add their proxy to a build's pod. A proxy that keeps running keeps the pod running, and one that
 * starts late cuts the builder's connections. Each mesh reads a label, an annotation or both, depending on its version.
 */

/** Read by the selectors of the meshes' webhooks. */
export const NO_SIDECAR_LABELS = {
  // Istio, since 1.9 (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/).
  "sidecar.istio.io/inject": "false",
  // Kuma, since 1.7 (https://kuma.io/docs/latest/reference/kubernetes-annotations/).
  "kuma.io/sidecar-injection": "disabled",
} as const;

export const NO_SIDECAR_ANNOTATIONS = {
  // Istio before 1.9; later versions read it besides the label.
  "sidecar.istio.io/inject": "false",
  // https://linkerd.io/2/reference/proxy-configuration/
  "linkerd.io/inject": "disabled",
  // https://developer.hashicorp.com/consul/docs/k8s/annotations-and-labels
  "consul.hashicorp.com/connect-inject": "false",
} as const;
