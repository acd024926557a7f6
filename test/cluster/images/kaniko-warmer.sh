# shellcheck shell=bash disable=SC2034
# The same image around the other program.
# shellcheck source=/dev/null
source "$HERE/images/kaniko.sh"
image_name=kaniko/warmer:v1.24.0
image_variable=SLIPWAY_KANIKO_WARMER_IMAGE
image_preload=no
image_program=warmer
