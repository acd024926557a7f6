# shellcheck shell=bash
# Keys and certificates, made once for each life of the cluster.

# make_ca NAME COMMON-NAME
make_ca() {
  [[ ! -e $PKI/$1.crt ]] || return 0
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$2" \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,digitalSignature,cRLSign \
    -keyout "$PKI/$1.key" -out "$PKI/$1.crt" 2>/dev/null
}

# make_certificate CA NAME SUBJECT [ALTERNATIVE-NAMES]: good for a client and for a server
make_certificate() {
  local ca=$1 name=$2 subject=$3 alternatives=${4:-}
  [[ ! -e $PKI/$name.crt ]] || return 0
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "$subject" \
    -CA "$PKI/$ca.crt" -CAkey "$PKI/$ca.key" \
    -addext basicConstraints=critical,CA:false -addext extendedKeyUsage=clientAuth,serverAuth \
    ${alternatives:+-addext "subjectAltName=$alternatives"} \
    -keyout "$PKI/$name.key" -out "$PKI/$name.crt" 2>/dev/null
}

# make_kubeconfig FILE CERTIFICATE: everything embedded, so that the file can be handed around
make_kubeconfig() {
  [[ ! -e $1 ]] || return 0
  (
    umask 077
    cat >"$1" <<END
apiVersion: v1
kind: Config
current-context: slipway-test
clusters:
- name: slipway-test
  cluster:
    server: $API_URL
    certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w0 "$PKI/$2.crt")
    client-key-data: $(base64 -w0 "$PKI/$2.key")
contexts:
- name: slipway-test
  context: {cluster: slipway-test, user: $2}
END
  )
}

make_certificates() {
  (
    umask 077
    mkdir -p "$PKI"
    make_ca ca slipway-test
    make_ca registry-ca slipway-test-registry
    make_certificate ca apiserver /CN=kube-apiserver \
      "IP:$ADDRESS,IP:127.0.0.1,IP:${SERVICE_NETWORK%.*}.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.$CLUSTER_DOMAIN"
    make_certificate ca apiserver-to-kubelet /O=system:masters/CN=kube-apiserver-to-kubelet
    make_certificate ca admin /O=system:masters/CN=admin
    make_certificate ca controller-manager /CN=system:kube-controller-manager
    make_certificate ca scheduler /CN=system:kube-scheduler
    make_certificate ca proxy /CN=system:kube-proxy
    make_certificate ca dns /O=system:masters/CN=dns
    make_certificate ca provisioner /O=system:masters/CN=provisioner
    make_certificate ca "$NODE" "/O=system:nodes/CN=system:node:$NODE" "DNS:$NODE,IP:$ADDRESS"
    make_certificate registry-ca registry "/CN=$ADDRESS" "IP:$ADDRESS,IP:127.0.0.1,DNS:localhost"
    [[ -e $PKI/service-accounts.key ]] || {
      openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:prime256v1 -out "$PKI/service-accounts.key" 2>/dev/null
      openssl pkey -in "$PKI/service-accounts.key" -pubout -out "$PKI/service-accounts.pub"
    }
  )
  chmod 755 "$PKI"
  chmod 644 "$REGISTRY_CA" # the only file here that others are to read
  make_kubeconfig "$ADMIN_KUBECONFIG" admin
  local user
  for user in controller-manager scheduler proxy dns provisioner "$NODE"; do
    make_kubeconfig "$PKI/$user.kubeconfig" "$user"
  done
}
