# shellcheck shell=bash
# The whole: what `up` starts and in which order, and how one tells that it runs.

PROCESSES=(containerd registry-plain registry-tls registry-auth etcd kube-apiserver kube-controller-manager kube-scheduler
  kubelet kube-proxy dns provisioner)

for file in settings say packages processes parts images network cgroups certificates registries containerd \
  control-plane node services arm64 nodes remove; do
  # shellcheck source=/dev/null
  source "$HERE/lib/$file.sh"
done
GO_VERSION=$(go_version)

# take_turn: one `up`, `down` or `restart` at a time
take_turn() {
  ((EUID == 0)) || fail "a cluster needs root: containers, mounts and a bridge are made"
  mkdir -p "$STATE"
  exec 9>"$STATE/lock"
  if ! flock --nonblock 9; then
    say "another command is at work on this cluster: waiting for it"
    flock 9
  fi
}

# configuration_digest: of everything that decides how the cluster is; README aside
configuration_digest() {
  (
    cd "$HERE" || exit
    printf '%s\n' "$GO_VERSION"
    find lib config images parts -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  ) | sha256sum
}

# is_up IMAGE…: all processes run, as this source tree says, and answer
is_up() {
  local name
  [[ $(cat "$LIVE/configuration" 2>/dev/null) == "$(configuration_digest)" ]] || return 1
  for name in "${PROCESSES[@]}"; do is_running "$name" || return 1; done
  for name in "$@"; do [[ -e $LIVE/registries/$name.pushed ]] || return 1; done
  network_is_up && registries_answer >/dev/null && apiserver_is_ready >/dev/null && node_is_ready >/dev/null
}

# start_cluster IMAGE…: everything that does not run yet; what runs unchanged is left alone
start_cluster() {
  local images=("$@") started=$EPOCHREALTIME loading
  discard_broken
  say "starting the cluster"
  mkdir -p "$LIVE" "$LOGS"
  rm -f "$LIVE/configuration"
  claim_pod_logs
  make_network
  make_certificates
  ensure_etcd
  ensure_registries
  ensure_containerd
  ensure_apiserver
  load_images "${images[@]}" &
  loading=$!
  wait_for kube-apiserver 120 "the API server answers" -- apiserver_is_ready
  ensure_controller_manager
  ensure_scheduler
  ensure_kubelet
  ensure_proxy
  ensure_dns
  ensure_provisioner
  offer "$(program kubernetes kubectl)"
  ensure_storage_class
  wait_for kubelet 120 "the node is ready" -- node_is_ready
  wait_for kube-controller-manager 60 "the default service account is made" -- kubectl get serviceaccount default
  wait "$loading" || exit 1
  configuration_digest >"$LIVE/configuration"
  say "the cluster runs, after $(seconds_since "$started")"
}

# load_images IMAGE…: into the registries and onto the node
load_images() {
  local image
  wait_for registry-plain 60 "the registries answer" -- registries_answer
  wait_for containerd 60 "containerd answers" -- containerd_is_ready
  for image in "$@"; do
    publish_image "$image"
    place_image "$image"
  done
}

# offer FILE…: onto the PATH that `env` prints
offer() {
  mkdir -p "$LIVE/bin"
  ln -sfn --target-directory "$LIVE/bin" "$@"
}

# offer_programs PART…: all that was compiled of it
offer_programs() {
  local part
  for part in "$@"; do
    offer "${PART_DIR[$part]}"/*
    touch "$LIVE/bin/.$part"
  done
}

are_offered() {
  local part
  for part in "$@"; do [[ -e $LIVE/bin/.$part ]] || return 1; done
}

# discard_broken: without its database, or after a reboot, nothing of a cluster is worth keeping
discard_broken() {
  if [[ -d $LIVE ]] && ! is_running etcd; then
    say "an earlier cluster did not end well: clearing it away"
    remove_cluster
  fi
}
