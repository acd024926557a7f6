# shellcheck shell=bash disable=SC2034 # these are read by the other files
# What the cluster is made of: its places, addresses and versions.

STATE="${SLIPWAY_TEST_STATE:-/var/lib/slipway-test}"
BUILT="$STATE/built" # compiled programs and image layouts: outlive `down`
LIVE="$STATE/live"   # everything of a running cluster: gone after `down`
LOGS="$LIVE/log"
PKI="$LIVE/pki"
SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ADMIN_KUBECONFIG="$LIVE/admin.kubeconfig"

BRIDGE=slipway0
ADDRESS=10.88.0.1 # of the bridge: the node, the API server, the registries and the name server are all here
POD_NETWORK=10.88.0.0/16
SERVICE_NETWORK=10.96.0.0/16
CLUSTER_DOMAIN=cluster.local

CLUSTER="${STATE##*/}" # of the cgroup and of the network, so that what is ours is known from what is not

MOST_NODES=3
ARM64_NODE=3 # the one whose containers run programs for arm64

# use_node NUMBER: which node the functions for a node are about from now on. The first lives in the machine's own namespaces.
use_node() {
  NODE=node-$1
  NODE_DIR="$LIVE/$NODE"
  NODE_POD_RANGE=("10.88.$1.1" "10.88.$1.254") # one such range for each node, all in POD_NETWORK
  CONTAINERD_SOCKET="$NODE_DIR/run/containerd.sock"
  NODE_COMMAND=()  # what a command is run with, to run on the node
  NODE_SUFFIX=""   # of the names of its processes
  NODE_ADDRESS=$ADDRESS
  NODE_CGROUP="$CLUSTER"
  NODE_CONTAINERD=containerd # the part its container runtime is
  (($1 > 1)) || return 0
  NODE_SUFFIX="-$1"
  NODE_ADDRESS="${ADDRESS%.*}.$1"
  NODE_CGROUP="$CLUSTER/$NODE"
  if (($1 == ARM64_NODE)); then NODE_CONTAINERD=containerd-arm64; fi
}
use_node 1

ETCD_URL=http://127.0.0.1:23790
ETCD_PEER_URL=http://127.0.0.1:23800
API_URL="https://$ADDRESS:6443"

REGISTRY="$ADDRESS:5000"
REGISTRY_TLS="$ADDRESS:5001"
REGISTRY_AUTH="$ADDRESS:5002"
REGISTRY_AUTH_USER=slipway
REGISTRY_AUTH_PASSWORD=launch-ramp
REGISTRY_CA="$PKI/registry-ca.crt"

BASE_PARTS=(kubernetes containerd runc kaniko dns provisioner pause)
BASE_IMAGES=(pause busybox kaniko kaniko-warmer debian)
BUILDER_IMAGES=(buildkit buildah img makisu)
