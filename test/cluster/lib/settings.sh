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

NODE=node-1
NODE_DIR="$LIVE/$NODE"
NODE_POD_RANGE=(10.88.1.1 10.88.1.254) # one such range for each node, all in POD_NETWORK
CLUSTER="${STATE##*/}" # of the cgroup and of the network, so that what is ours is known from what is not
CONTAINERD_SOCKET="$NODE_DIR/run/containerd.sock"

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
