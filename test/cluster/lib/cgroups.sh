# shellcheck shell=bash
# Everything the pods run is below one cgroup of our own, under cgroup v1 (one tree each controller) as under v2.

# cgroup_directories [PATH]: ours or another, in each hierarchy
cgroup_directories() {
  local path=${1:-$CLUSTER}
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    printf '%s\n' "/sys/fs/cgroup/$path"
  else
    local controller
    for controller in /sys/fs/cgroup/*/; do
      [[ ! -e $controller/cgroup.procs || -L ${controller%/} ]] || printf '%s\n' "$controller$path"
    done
  fi
}

# make_cgroup PATH: its parent is there
make_cgroup() {
  local directory
  while read -r directory; do
    [[ -d $directory ]] || mkdir "$directory"
    # cpuset under v1 starts empty, and an empty one takes no process.
    if [[ -e $directory/cpuset.cpus && ! -e $directory/cgroup.controllers ]]; then
      [[ -n $(<"$directory/cpuset.cpus") ]] || cat "${directory%/*}/cpuset.cpus" >"$directory/cpuset.cpus"
      [[ -n $(<"$directory/cpuset.mems") ]] || cat "${directory%/*}/cpuset.mems" >"$directory/cpuset.mems"
    fi
  done < <(cgroup_directories "$1")
}

# cgroup_pids: every process in ours
cgroup_pids() {
  local directory
  while read -r directory; do
    [[ ! -d $directory ]] || find "$directory" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done < <(cgroup_directories) | sort -un
}

remove_cgroups() {
  local directory
  while read -r directory; do
    [[ ! -d $directory ]] || find "$directory" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done < <(cgroup_directories)
}
