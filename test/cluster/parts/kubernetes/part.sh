# shellcheck shell=bash disable=SC2034 # read by lib/parts.sh
title="Kubernetes v1.36.3 with etcd"
expect="11 minutes"
packages="."
version="k8s.io/component-base/version"
ldflags="-X $version.gitVersion=v1.36.3 -X $version.gitMajor=1 -X $version.gitMinor=36"
# One program, called under the name of the process it shall be.
names=(etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet)
