# shellcheck shell=bash
# Taking a cluster away, whatever state it is in: running, half started, crashed, or from before a reboot.

remove_cluster() {
  [[ -d $LIVE ]] || ip link show "$BRIDGE" >/dev/null 2>&1 || return 0
  local record names=()
  for record in "$LIVE/processes"/*/; do [[ ! -d $record ]] || names+=("$(basename "$record")"); done
  # The API server ends last: the others' farewells would only wait for it.
  local first=() last=()
  for name in "${names[@]}"; do
    case $name in
      containerd* | etcd | kube-apiserver | registry-*) last+=("$name") ;;
      *) first+=("$name") ;;
    esac
  done
  STOP_GRACE=2 stop_processes "${first[@]}"
  kill_pods
  STOP_GRACE=2 stop_processes "${last[@]}"
  kill_lost
  remove_binfmt
  unmount_below "$STATE"
  remove_cgroups
  remove_network
  remove_traces
  rm -rf --one-file-system "$LIVE"
}

# kill_pods: what runs in the containers, and the shims around them
kill_pods() {
  local pids
  mapfile -t pids < <(cgroup_pids)
  end_pids 0 "${pids[@]}"
  mapfile -t pids < <(programs_of "$BUILT/containerd-*/containerd-shim-runc-v2*")
  end_pids 0 "${pids[@]}"
}

# kill_lost: processes of ours whose records are gone. A kubectl that somebody uses is none of them.
kill_lost() {
  local pid lost=()
  while read -r pid; do
    [[ $(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | head -n 1) == */kubectl ]] || lost+=("$pid")
  done < <(programs_of "$BUILT/*")
  while read -r pid; do
    if tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "^$LIVE/registries/"; then lost+=("$pid"); fi
  done < <(programs_of "/usr/bin/docker-registry*")
  end_pids 5 "${lost[@]}"
}

# programs_of PATTERN: pids of the processes that run such a file
programs_of() {
  find /proc -maxdepth 2 -name exe -lname "$1" -printf '%h\n' 2>/dev/null | sed -n 's#^/proc/\([0-9]*\)$#\1#p'
}

# unmount_below DIRECTORY: the last mounted first
unmount_below() {
  local point
  while read -r point; do
    point=$(printf '%b' "$point") # the kernel writes a blank as \040
    umount "$point" 2>/dev/null || umount --lazy "$point" 2>/dev/null || true
  done < <(awk -v below="$1/" 'index($5, below) == 1 {print $5}' /proc/self/mountinfo | tac)
}

# remove_traces: what the parts write outside the state directory, with no setting to prevent it
remove_traces() {
  rm -f /var/lib/cni/results/"$CLUSTER"-*
  rmdir --parents --ignore-fail-on-non-empty /var/lib/cni/results 2>/dev/null || true
  rm -f /var/lib/kubelet/device-plugins/kubelet.sock
  rmdir --parents --ignore-fail-on-non-empty /var/lib/kubelet/device-plugins 2>/dev/null || true
  if [[ -e $LIVE/pod-logs-are-ours ]]; then rm -rf /var/log/pods /var/log/containers; fi
}

# claim_pod_logs: remember that nobody had pod logs on this machine before
claim_pod_logs() {
  [[ -e /var/log/pods ]] || touch "$LIVE/pod-logs-are-ours"
}
