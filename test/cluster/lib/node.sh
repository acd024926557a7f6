# shellcheck shell=bash
# The kubelet and kube-proxy of a node.

# ensure_kubelet [FLAG]…
ensure_kubelet() {
  local config="$NODE_DIR/kubelet.yaml"
  make_cgroup "$NODE_CGROUP"
  kubelet_config | write_config "$config"
  ensure_process "kubelet$NODE_SUFFIX" --reads "$config" -- "${NODE_COMMAND[@]}" "$(program kubernetes kubelet)" \
    --config="$config" --kubeconfig="$PKI/$NODE.kubeconfig" --root-dir="$NODE_DIR/kubelet" --cert-dir="$NODE_DIR/kubelet/pki" \
    --hostname-override="$NODE" --node-ip="$NODE_ADDRESS" "$@"
}

kubelet_config() {
  cat <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_ADDRESS
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $PKI/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: $PKI/$NODE.crt
tlsPrivateKeyFile: $PKI/$NODE.key
clusterDomain: $CLUSTER_DOMAIN
clusterDNS: [$ADDRESS]
volumePluginDir: $NODE_DIR/kubelet/volume-plugins
# The machine as it is: cgroup v1 or v2, swap or none, a disk that may be nearly full.
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$NODE_CGROUP
enforceNodeAllocatable: []
failSwapOn: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
# Nothing that would make a benchmark measure a limit instead of the work.
serializeImagePulls: false
kubeAPIQPS: 500
kubeAPIBurst: 1000
eventRecordQPS: 0
registryPullQPS: 0
maxPods: 200
END
}

node_is_ready() {
  curl --silent --fail --max-time 2 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" \
    "$API_URL/api/v1/nodes/$NODE" | jq --exit-status '.status.conditions[] | select(.type == "Ready") | .status == "True"'
}

kubelet_is_ready() { curl --silent --fail --max-time 2 http://127.0.0.1:10248/healthz; }

ensure_proxy() {
  local config="$NODE_DIR/proxy.yaml"
  # conntrack: the machine's own settings stay as they are.
  # masqueradeAll: a pod that answers another on the same bridge would go round the translation, unless br_netfilter is on.
  write_config "$config" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: $NODE
bindAddress: $NODE_ADDRESS
clusterCIDR: $POD_NETWORK
clientConnection: {kubeconfig: $PKI/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {masqueradeAll: true}
END
  ensure_process "kube-proxy$NODE_SUFFIX" --reads "$config" -- "${NODE_COMMAND[@]}" "$(program kubernetes kube-proxy)" --config="$config"
}
