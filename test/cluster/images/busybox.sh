# shellcheck shell=bash disable=SC2034
image_name=busybox:1.35
image_variable=SLIPWAY_HELPER_IMAGE
image_debian=(busybox-static)
image_registries=all
image_preload=yes

fill_image() {
  local applet
  mkdir -p "$1"/{bin,dev,etc,home,proc,root,sys,usr/bin,var/spool,var/log}
  install -d -m 1777 "$1/tmp" "$1/var/tmp"
  chmod 700 "$1/root"
  cp /usr/bin/busybox "$1/bin/busybox"
  for applet in $(/usr/bin/busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$1/bin/$applet"
  done
  ln -s ../../bin/env "$1/usr/bin/env"
  cat >"$1/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
END
  cat >"$1/etc/group" <<'END'
root:x:0:
nogroup:x:65534:
END
}

image_config() { echo '{"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]}'; }
