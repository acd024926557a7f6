# shellcheck shell=bash disable=SC2034
# Only its shell is for arm64. BuildKit and what it starts by itself is for this machine: see parts/buildkit-arm64.
# shellcheck source=/dev/null
source "$HERE/images/buildkit.sh"
image_architecture=arm64
image_base=buildkit
image_parts=(buildkit-arm64)

fill_image() {
  local map
  install -m 755 "$(program buildkit-arm64 buildkitd)" "$(program buildkit-arm64 buildctl)" "$1/usr/bin/"
  arm64_packages "$1/packages" busybox-static
  mv "$1"/packages/bin/busybox "$1/bin/busybox"
  rm -r "$1/packages"
  for map in uid gid; do setcap "cap_set${map}+ep" "$1/usr/bin/new${map}map"; done # fill_base does not keep them
}
