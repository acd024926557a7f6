# shellcheck shell=bash
# Debian packages: installed when missing, and never allowed to start a service of their own.

# A command that tells that a package is there, and the package.
NEEDED=(
  /usr/bin/docker-registry:docker-registry /usr/bin/skopeo:skopeo /usr/lib/cni/bridge:containernetworking-plugins
  /usr/bin/busybox:busybox-static /usr/sbin/iptables:iptables /usr/sbin/conntrack:conntrack
  /usr/bin/htpasswd:apache2-utils /usr/sbin/debootstrap:debootstrap /usr/bin/openssl:openssl /usr/bin/jq:jq
  /usr/bin/curl:curl /usr/sbin/ip:iproute2 /usr/sbin/sysctl:procps /usr/bin/flock:util-linux /usr/bin/mount:mount
  # For the tests of logging in: docker's credential helpers, a keyring with its bus, a password store.
  /usr/bin/docker-credential-pass:golang-docker-credential-helpers /usr/bin/pass:pass /usr/bin/gpg:gnupg
  /usr/bin/gnome-keyring-daemon:gnome-keyring /usr/bin/dbus-run-session:dbus-daemon
  /usr/lib/x86_64-linux-gnu/libsecret-1.so.0:libsecret-1-0
)

# install_packages: whatever NEEDED says and is not there
install_packages() {
  local entry missing=()
  for entry in "${NEEDED[@]}"; do
    [[ -e ${entry%%:*} ]] || missing+=("${entry##*:}")
  done
  install_debian_packages "${missing[@]}"
}

# install_debian_packages PACKAGE…
install_debian_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  say "installing ${missing[*]}"
  local log="$STATE/packages.log" policy=/usr/sbin/policy-rc.d made_policy=
  if [[ ! -e $policy ]]; then
    # Debian's docker-registry would start itself on the very port ours is to have.
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made_policy=yes
  fi
  local status=0
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
    apt-get update >>"$log" 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || status=$?
  }
  [[ -z $made_policy ]] || rm -f "$policy"
  if ((status != 0)); then
    show_log "$log"
    fail "could not install ${missing[*]}"
  fi
}
