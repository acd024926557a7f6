# shellcheck shell=bash disable=SC2034
# shellcheck source=/dev/null
source "$HERE/images/makisu.sh"
image_architecture=arm64
image_base=makisu
image_parts=(makisu-arm64)

fill_image() { cp "$(program makisu-arm64 makisu)" "$1/makisu-internal/makisu"; }
