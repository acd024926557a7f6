# shellcheck shell=bash disable=SC2034
# shellcheck source=/dev/null
source "$HERE/images/debian.sh"
image_architecture=arm64

debootstrap() { command debootstrap --arch=arm64 "$@"; }
