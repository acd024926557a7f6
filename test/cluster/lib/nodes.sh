# shellcheck shell=bash
# The nodes beyond the first: a kubelet, a containerd and a kube-proxy each, in network, mount and host name namespaces of its own.
# They are joined to the bridge by a cable (a pair of veth devices) and have addresses of its network: node 2 is 10.88.0.2, and its
# pods are 10.88.2.1 to 10.88.2.254.

# add_nodes COUNT IMAGE…: those of the COUNT nodes that do not run yet, all at once
add_nodes() {
  local count=$1 number pids=() pid status=0 started=$EPOCHREALTIME
  shift
  ! nodes_are_up "$count" "$@" || return 0
  ensure_node_policies
  if ((count >= ARM64_NODE)); then prepare_arm64 "$@"; fi
  for ((number = 2; number <= count; number++)); do
    add_node "$number" "$@" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  ((status == 0)) || exit 1
  say "$count nodes run, after $(seconds_since "$started")"
}

# prepare_arm64 IMAGE…: the programs, and the images that exist for arm64 too
prepare_arm64() {
  local image images=() parts debian
  for image in "$@"; do
    if has_arm64 "$image"; then images+=("$image"); fi
  done
  ensure_binfmt
  mapfile -t parts < <(parts_of "${images[@]/#/arm64/}" | grep -- -arm64)
  parts+=(containerd-arm64)
  find_parts "${parts[@]}"
  build_images arm64/debian & # QEMU runs its programs one after the other
  debian=$!
  build_parts "${parts[@]}"
  wait "$debian" || exit 1
  build_images "${images[@]/#/arm64/}"
  for image in "${images[@]}"; do publish_index "$image"; done
}

# nodes_are_up COUNT IMAGE…
nodes_are_up() (
  count=$1
  ((count > 1)) || return 0
  shift
  digest=$(configuration_digest)
  for ((number = 2; number <= count; number++)); do
    use_node "$number"
    [[ $(cat "$NODE_DIR/configuration" 2>/dev/null) == "$digest" ]] || return 1
    for image in "$@"; do [[ -e $NODE_DIR/$image.placed ]] || return 1; done
    for name in namespaces containerd kubelet kube-proxy; do is_running "$name$NODE_SUFFIX" || return 1; done
    node_is_ready >/dev/null || return 1
  done
)

# add_node NUMBER IMAGE…
add_node() (
  set -e
  use_node "$1"
  shift
  ensure_namespaces
  make_certificate ca "$NODE" "/O=system:nodes/CN=system:node:$NODE" "DNS:$NODE,IP:$NODE_ADDRESS"
  make_kubeconfig "$PKI/$NODE.kubeconfig" "$NODE"
  ensure_containerd
  wait_for "containerd$NODE_SUFFIX" 60 "containerd of $NODE answers" -- containerd_is_ready
  for image in "$@"; do
    if ! is_arm64_node || has_arm64 "$image"; then place_image "$image"; fi
    touch "$NODE_DIR/$image.placed"
  done
  make_cgroup "$CLUSTER"
  # Only pods that ask for it come to a node beyond the first; see config/nodes.yaml.
  flags=(--register-with-taints=slipway-test/extra=true:NoSchedule)
  if is_arm64_node; then flags+=(--node-labels=kubernetes.io/arch=arm64,slipway-test/arm64=yes); fi
  ensure_kubelet "${flags[@]}"
  ensure_proxy
  wait_for "kubelet$NODE_SUFFIX" 120 "$NODE is ready" -- node_is_ready
  configuration_digest >"$NODE_DIR/configuration"
)

is_arm64_node() { [[ $NODE == node-$ARM64_NODE ]]; }

# ensure_namespaces: a process that holds them, and the cable to the bridge
ensure_namespaces() {
  local pid cable="$BRIDGE$NODE_SUFFIX" private="$NODE_DIR/private"
  mkdir -p "$private"/{kubelet,pods,containers,cni} /var/lib/kubelet /var/log/pods /var/log/containers /var/lib/cni/results
  # What the kubelet and the CNI plug-ins write outside their own directories is kept apart from the first node's.
  # shellcheck disable=SC2016 # expanded by the inner shell
  ensure_process "namespaces$NODE_SUFFIX" -- unshare --net --mount --uts --propagation slave bash -euc '
    mount --make-rshared /
    mount --bind "$1/kubelet" /var/lib/kubelet
    mount --bind "$1/pods" /var/log/pods
    mount --bind "$1/containers" /var/log/containers
    mount --bind "$1/cni" /var/lib/cni/results
    hostname "$2"
    exec sleep infinity' "namespaces of $NODE" "$private" "$NODE"
  pid=$(pid_of "namespaces$NODE_SUFFIX")
  NODE_COMMAND=(nsenter "--net=/proc/$pid/ns/net" "--mount=/proc/$pid/ns/mnt" "--uts=/proc/$pid/ns/uts" --)
  wait_for "namespaces$NODE_SUFFIX" 10 "the namespaces of $NODE are made" -- has_host_name
  ! node_network_is_up || return 0
  ip link delete "$cable" 2>/dev/null || true
  ip link add "$cable" type veth peer name eth0 netns "$pid"
  ip link set "$cable" master "$BRIDGE" up
  "${NODE_COMMAND[@]}" bash -euc '
    ip link set lo up
    ip link show "$1" >/dev/null 2>&1 || ip link add "$1" address "$2" type bridge
    ip link set eth0 master "$1" up
    ip address replace "$3" dev "$1"
    ip link set "$1" up
    ip route replace default via "$4"
    echo 1 >/proc/sys/net/ipv4/ip_forward' "network of $NODE" \
    "$BRIDGE" "0a:58:0a:58:00:0${NODE_ADDRESS##*.}" "$NODE_ADDRESS/${POD_NETWORK#*/}" "$ADDRESS"
}

has_host_name() { [[ $("${NODE_COMMAND[@]}" hostname) == "$NODE" ]]; }

node_network_is_up() {
  [[ $("${NODE_COMMAND[@]}" ip -brief address show up dev "$BRIDGE" 2>/dev/null) == *" $NODE_ADDRESS/"* ]] &&
    ip link show "$BRIDGE$NODE_SUFFIX" >/dev/null 2>&1
}

# ensure_node_policies: what makes a node arm64, and what lets pods onto the further nodes
ensure_node_policies() {
  kubectl apply --filename "$HERE/config/nodes.yaml" >"$LOGS/nodes.log" 2>&1 || {
    show_log "$LOGS/nodes.log"
    fail "could not make the policies of the nodes"
  }
  wait_for kube-apiserver 60 "the policies of the nodes have effect" -- node_policies_have_effect
}

node_policies_have_effect() {
  local architecture
  architecture=$(kubectl create --dry-run=server --output jsonpath='{.metadata.labels.kubernetes\.io/arch}' --filename - <<END
{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-$ARM64_NODE-dry-run", "labels": {"slipway-test/arm64": "yes"}}}
END
  )
  [[ $architecture == arm64 ]]
}
