# shellcheck shell=bash disable=SC2034
image_name=pause:1
image_parts=(pause)
image_preload=yes

fill_image() { cp "$(program pause pause)" "$1/pause"; }

image_config() { echo '{"Entrypoint": ["/pause"]}'; }
