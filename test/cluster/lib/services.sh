# shellcheck shell=bash
# What a cluster gives its users beyond the node: names and volumes.

# The name server runs beside the node, not in it: no image to pull, nothing to wait for.
# What is not a name of the cluster does not exist, and is said not to at once. Tests may add names to $LIVE/hosts.
ensure_dns() {
  local config="$LIVE/Corefile"
  touch "$LIVE/hosts"
  write_config "$config" <<END
$CLUSTER_DOMAIN:53 in-addr.arpa:53 ip6.arpa:53 {
  bind $ADDRESS
  errors
  kubernetes $CLUSTER_DOMAIN in-addr.arpa ip6.arpa {
    kubeconfig $PKI/dns.kubeconfig
    ttl 5
  }
}
.:53 {
  bind $ADDRESS
  errors
  hosts $LIVE/hosts {
    ttl 5
    reload 1s
    fallthrough
  }
  template ANY ANY {
    rcode NXDOMAIN
  }
}
END
  ensure_process dns --reads "$config" -- "$(program dns dns)" -conf "$config"
}

ensure_provisioner() {
  mkdir -p "$LIVE/volumes"
  ensure_process provisioner -- "$(program provisioner provisioner)" \
    --kubeconfig="$PKI/provisioner.kubeconfig" --name=slipway.test/directory --root="$LIVE/volumes"
}

ensure_storage_class() {
  [[ -e $LIVE/storage-class.yaml ]] && cmp -s "$HERE/config/storage-class.yaml" "$LIVE/storage-class.yaml" && return
  kubectl apply --filename "$HERE/config/storage-class.yaml" >"$LOGS/storage-class.log" 2>&1 || {
    show_log "$LOGS/storage-class.log"
    fail "could not make the default storage class"
  }
  cp "$HERE/config/storage-class.yaml" "$LIVE/storage-class.yaml"
}
