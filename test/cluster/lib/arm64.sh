# shellcheck shell=bash
# Programs for arm64 on this machine: the kernel hands them to QEMU (binfmt_misc), in containers too.

BINFMT=/proc/sys/fs/binfmt_misc
BINFMT_NAME="$CLUSTER-aarch64"

# ensure_binfmt: unless the machine runs such programs already
ensure_binfmt() {
  install_debian_packages qemu-user-static
  [[ -e $BINFMT/register ]] || {
    mount -t binfmt_misc binfmt_misc "$BINFMT" || fail "this machine's kernel has no binfmt_misc, which arm64 programs need"
    mkdir -p "$LIVE" && touch "$LIVE/binfmt.mounted"
  }
  ! grep -qsE '^interpreter .*aarch64' "$BINFMT"/* || return 0
  # By the head of an ELF file (e_machine 183), whose type is that of a program or of one that may lie anywhere.
  # P: it gets its own name; OC: with the rights of the program, for setuid; F: QEMU is opened now, not in the container.
  printf '%s' ":$BINFMT_NAME:M::"'\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:POCF' >"$BINFMT/register"
}

remove_binfmt() {
  local name
  # And that of 32-bit ARM, if a test asked for it.
  for name in "$BINFMT_NAME" "$CLUSTER-arm"; do
    if [[ -e $BINFMT/$name ]]; then echo -1 >"$BINFMT/$name"; fi
  done
  if [[ -e $LIVE/binfmt.mounted ]]; then umount "$BINFMT" 2>/dev/null || true; fi
}

arm64_packages() { debian_packages arm64 "$@"; }

# debian_packages ARCHITECTURE DIRECTORY PACKAGE…: Debian's, unpacked there. apt works on a state of its own: the machine's does not change.
debian_packages() {
  local architecture=$1 into=$2 apt="$BUILT/apt-$1" work
  shift 2
  work=$(mktemp -d "$BUILT/packages.XXXXXX")
  (
    cd "$work"
    own_apt() {
      apt-get --option "APT::Architecture=$architecture" --option "APT::Architectures=$architecture" --option Dir::State="$apt/state" \
        --option Dir::State::status=/dev/null --option Dir::Cache="$apt/cache" --option APT::Sandbox::User=root "$@"
    }
    mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
    # An update may miss a suite that the package is not from.
    own_apt download "$@" || { own_apt update || true; own_apt download "$@"; }
    for package in ./*.deb; do dpkg -x "$package" "$into"; done
  )
  rm -rf "$work"
}
