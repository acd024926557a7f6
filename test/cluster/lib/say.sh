# shellcheck shell=bash
# What the person at the terminal reads: calm lines on stderr.

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "error: $*"
  exit 1
}

# seconds_since EPOCHREALTIME: "0.4s" or "5m48s"
seconds_since() {
  local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
  if ((tenths >= 600)); then
    printf '%dm%02ds' $((tenths / 600)) $((tenths % 600 / 10))
  else
    printf '%d.%ds' $((tenths / 10)) $((tenths % 10))
  fi
}

# show_log FILE: its last lines and where the rest is
show_log() {
  [[ -s $1 ]] || return 0
  tail -n 15 "$1" | sed 's/^/    /' >&2
  say "    (all of it: $1)"
}
