# shellcheck shell=bash disable=SC2034
# shellcheck source=/dev/null
source "$HERE/images/busybox.sh"
image_architecture=arm64
image_base=busybox

fill_image() {
  arm64_packages "$1/packages" busybox-static
  mv "$1"/packages/bin/busybox "$1/bin/busybox"
  rm -r "$1/packages"
}
