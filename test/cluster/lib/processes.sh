# shellcheck shell=bash
# Long-running processes: started detached, remembered with their start time, stopped until they are really gone.
# A record is a directory $LIVE/processes/NAME with: pid ("PID STARTTIME"), command (NUL-separated), digest.

record() { printf '%s' "$LIVE/processes/$1"; }

# start_time PID: the kernel's start time; with it a pid that was given to another process is not mistaken for ours
start_time() {
  local stat
  # Not $(<…): bash leaves the whole script when that fails. The braces silence the redirection as well.
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086 # the fields are to be split
  set -- $stat
  [[ $1 != Z ]] || return 1
  printf '%s' "${20}"
}

# pid_of NAME: its pid, if it runs
pid_of() {
  local pid started
  { read -r pid started <"$(record "$1")/pid"; } 2>/dev/null || return 1
  [[ $(start_time "$pid") == "$started" ]] || return 1
  printf '%s' "$pid"
}

is_running() { pid_of "$1" >/dev/null; }

# ensure_process NAME [--reads FILE]… -- COMMAND…
# Runs COMMAND unless it runs already as it is now: another command or another file it reads means a restart.
ensure_process() {
  local name=$1 files=() digest
  shift
  while [[ $1 == --reads ]]; do
    files+=("$2")
    shift 2
  done
  shift
  digest=$({
    printf '%s\0' "$@"
    ((${#files[@]} == 0)) || cat "${files[@]}"
  } | sha256sum)
  if is_running "$name"; then
    [[ $digest != "$(cat "$(record "$name")/digest" 2>/dev/null)" ]] || return 0
    say "  $name has changed: starting it again"
    stop_processes "$name"
  fi
  mkdir -p "$(record "$name")" "$LOGS"
  printf '%s\0' "$@" >"$(record "$name")/command"
  printf '%s\n' "$digest" >"$(record "$name")/digest"
  launch_process "$name"
}

# write_config FILE: standard input, and only if it says something new: kube-proxy ends when its file is merely written again
write_config() {
  local content
  content=$(cat)
  [[ -e $1 && $(<"$1") == "$content" ]] || printf '%s\n' "$content" >"$1"
}

# launch_process NAME: run the recorded command, detached from this shell and from its locks
launch_process() {
  local name=$1 command=() pid
  mapfile -d '' -t command <"$(record "$name")/command"
  rm -f "$(record "$name")/pid"
  (
    cd /
    # A caller that waits for the end of its pipes must not wait for the daemon: no descriptor is passed on.
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    # shellcheck disable=SC2016 # expanded by the inner shell
    # The environment is not passed on either: docker-registry takes every REGISTRY_… in it for configuration, and what
    # test/cluster/env sets is full of them.
    env --ignore-environment PATH="$SYSTEM_PATH" HOME=/root LANG=C.UTF-8 setsid --fork bash -c 'printf "%s\n" "$$" >"$0"; exec "$@"' \
      "$(record "$name")/starting" "${command[@]}" </dev/null >>"$LOGS/$name.log" 2>&1
  )
  until [[ -s $(record "$name")/starting ]]; do sleep 0.005; done
  pid=$(<"$(record "$name")/starting")
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$(record "$name")/pid"
  rm -f "$(record "$name")/starting"
}

# stop_processes NAME…: ask all of them to end, wait for each, and insist after a while
stop_processes() {
  local name pid pids=()
  for name in "$@"; do
    if pid=$(pid_of "$name"); then pids+=("$pid"); fi
  done
  end_pids "${STOP_GRACE:-10}" "${pids[@]}"
  for name in "$@"; do rm -f "$(record "$name")/pid"; done
}

# end_pids SECONDS PID…: SIGTERM, and SIGKILL for those still there after SECONDS
end_pids() {
  local deadline=$((SECONDS + $1)) pid
  shift
  (($# > 0)) || return 0
  kill -TERM "$@" 2>/dev/null || true
  for pid in "$@"; do
    while start_time "$pid" >/dev/null; do
      if ((SECONDS >= deadline)); then kill -KILL "$pid" 2>/dev/null || true; fi
      sleep 0.02
    done
  done
}

# wait_for NAME SECONDS WHAT -- CHECK…: until CHECK succeeds; fails at once when the process NAME dies
wait_for() {
  local name=$1 deadline=$((SECONDS + $2)) what=$3
  shift 4
  until "$@" >/dev/null 2>&1; do
    if ! is_running "$name"; then
      say "error: $name ended before $what:"
      show_log "$LOGS/$name.log"
      exit 1
    fi
    if ((SECONDS >= deadline)); then
      say "error: gave up waiting: $what. The last words of $name:"
      show_log "$LOGS/$name.log"
      exit 1
    fi
    sleep 0.05
  done
}
