# shellcheck shell=bash disable=SC2034
# shellcheck source=/dev/null
source "$HERE/images/pause.sh"
image_architecture=arm64
image_parts=(pause-arm64)

fill_image() { cp "$(program pause-arm64 pause)" "$1/pause"; }
