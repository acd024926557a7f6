# shellcheck shell=bash
# The container runtime, with every file of its own below $NODE_DIR.

ensure_containerd() {
  local config="$NODE_DIR/containerd.toml"
  mkdir -p "$NODE_DIR/run" "$NODE_DIR/cni"
  write_registry_hosts
  write_cni_config
  containerd_config | write_config "$config"
  # PATH: where containerd looks for its shim.
  ensure_process "containerd$NODE_SUFFIX" --reads "$config" -- "${NODE_COMMAND[@]}" \
    env PATH="${PART_DIR[$NODE_CONTAINERD]}:${PART_DIR[runc]}:$SYSTEM_PATH" \
    "$(program "$NODE_CONTAINERD" containerd)" --config "$config"
}

containerd_is_ready() {
  "$(program "$NODE_CONTAINERD" ctr)" --address "$CONTAINERD_SOCKET" --connect-timeout 1s version
}

containerd_config() {
  cat <<END
version = 3
root = "$NODE_DIR/containerd"
state = "$NODE_DIR/run/containerd"

[grpc]
  address = "$CONTAINERD_SOCKET"

[plugins."io.containerd.shim.v1.manager"]
  socket_dir = "$NODE_DIR/run/s"

[plugins."io.containerd.internal.v1.opt"]
  path = "$NODE_DIR/opt"

[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "$REGISTRY/pause:1"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "$NODE_DIR/registry-hosts"

[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE the score cannot be lowered, and every sandbox would fail for it.
  restrict_oom_score_adj = true
  # Here rather than in /run/netns: what must be unmounted at the end is then in one place.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "$NODE_DIR/cni"
    use_internal_loopback = true
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "$(program runc runc)"
        Root = "$NODE_DIR/run/runc"
        SystemdCgroup = false
END
}

write_cni_config() {
  cat >"$NODE_DIR/cni/10-slipway.conflist" <<END
{
  "cniVersion": "1.0.0",
  "name": "$CLUSTER",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "$BRIDGE",
      "isGateway": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "$NODE_DIR/addresses",
        "ranges": [[{
          "subnet": "$POD_NETWORK", "gateway": "$NODE_ADDRESS",
          "rangeStart": "${NODE_POD_RANGE[0]}", "rangeEnd": "${NODE_POD_RANGE[1]}"
        }]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    }
  ]
}
END
}

# A table for each host: "server =" alone does not make containerd speak plain http.
write_registry_hosts() {
  local hosts="$NODE_DIR/registry-hosts"
  mkdir -p "$hosts/$REGISTRY" "$hosts/$REGISTRY_TLS" "$hosts/$REGISTRY_AUTH"
  printf '[host."http://%s"]\n' "$REGISTRY" >"$hosts/$REGISTRY/hosts.toml"
  printf '[host."http://%s"]\n' "$REGISTRY_AUTH" >"$hosts/$REGISTRY_AUTH/hosts.toml"
  printf '[host."https://%s"]\n  ca = "%s"\n' "$REGISTRY_TLS" "$REGISTRY_CA" >"$hosts/$REGISTRY_TLS/hosts.toml"
}

# preload_image REFERENCE: onto the node, so that no first build measures a pull
preload_image() {
  local log="$LOGS/preload$NODE_SUFFIX.log"
  "$(program "$NODE_CONTAINERD" ctr)" --address "$CONTAINERD_SOCKET" --namespace k8s.io images pull \
    --hosts-dir "$NODE_DIR/registry-hosts" "$1" >"$log" 2>&1 || {
    show_log "$log"
    fail "could not load $1 onto $NODE"
  }
}
