# shellcheck shell=bash disable=SC2034
image_name=img:v0.5.11
image_variable=SLIPWAY_IMG_IMAGE
image_preload=yes
image_base=busybox
image_parts=(img runc)
image_debian=(uidmap libcap2-bin)

fill_image() {
  make_user "$1" user
  install -m 755 "$(program img img)" "$(program runc runc)" "$1/usr/bin/"
}

image_config() {
  cat <<'END'
{
  "User": "1000:1000",
  "Entrypoint": ["img"],
  "Cmd": ["--help"],
  "Env": [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/user", "USER=user",
    "XDG_RUNTIME_DIR=/run/user/1000"
  ]
}
END
}
