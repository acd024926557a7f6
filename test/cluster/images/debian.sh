# shellcheck shell=bash disable=SC2034
image_name=debian:bookworm
image_debian=(debootstrap)
image_registries=all

fill_image() {
  # shellcheck disable=SC2046 # no mirror, no argument: debootstrap knows one
  debootstrap --variant=minbase bookworm "$1" $(debian_mirror)
  rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/cache/debconf/*-old "$1"/var/log/* \
    "$1"/usr/share/{doc,info,lintian,man,locale}/* "$1"/debootstrap
  mkdir -p "$1"/var/cache/apt/archives/partial "$1"/var/lib/apt/lists/partial
  find "$1/dev" -mindepth 1 -delete # the runtime makes them; a build without CAP_MKNOD could not unpack them
  : >"$1/etc/hostname"
  : >"$1/etc/resolv.conf"
}

# debian_mirror: the one this machine installs its own packages from
# shellcheck disable=SC2016 # apt's own variable
debian_mirror() { apt-get indextargets --format '$(SITE)' 'Codename: bookworm' | sort -u | grep '/debian/*$' | head -n 1; }

image_config() { echo '{"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["bash"]}'; }
