# shellcheck shell=bash disable=SC2034
# shellcheck source=/dev/null
source "$HERE/images/kaniko.sh"
image_architecture=arm64
image_base=kaniko
image_parts=(kaniko-arm64)

fill_image() { cp "$(program kaniko-arm64 "$image_program")" "$1/kaniko/$image_program"; }
