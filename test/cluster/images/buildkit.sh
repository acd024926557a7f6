# shellcheck shell=bash disable=SC2034
# As BuildKit's own rootless image, git included, with busybox where that has Alpine.
image_name=moby/buildkit:v0.34.2-rootless
image_variable=SLIPWAY_BUILDKIT_IMAGE
image_preload=yes
image_base=busybox
image_parts=(buildkit runc)
image_debian=(uidmap libcap2-bin git)

fill_image() {
  local program core=/usr/lib/git-core
  make_user "$1" user
  copy_program "$1" /usr/bin/flock # Alpine's busybox has one, Debian's has not
  copy_program "$1" /usr/bin/git
  copy_program "$1" $core/git-remote-http
  copy_program "$1" $core/git-sh-i18n--envsubst
  cp --archive $core/{git-remote-https,git-submodule,git-sh-setup,git-sh-i18n} "$1$core/"
  ln -s ../../bin/git "$1$core/git-upload-pack"
  mkdir -p "$1/usr/share/git-core/templates"
  install -d -o 1000 -g 1000 "$1/home/user/.local/share/buildkit"
  for program in buildctl buildkitd rootlesskit buildctl-daemonless.sh; do
    install -m 755 "$(program buildkit "$program")" "$1/usr/bin/"
  done
  install -m 755 "$(program runc runc)" "$1/usr/bin/buildkit-runc"
}

image_config() {
  cat <<'END'
{
  "User": "1000:1000",
  "Entrypoint": ["rootlesskit", "buildkitd"],
  "Env": [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/user", "USER=user",
    "XDG_RUNTIME_DIR=/run/user/1000", "TMPDIR=/home/user/.local/tmp",
    "BUILDKIT_HOST=unix:///run/user/1000/buildkit/buildkitd.sock"
  ],
  "Volumes": {"/home/user/.local/share/buildkit": {}}
}
END
}
