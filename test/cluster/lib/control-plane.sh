# shellcheck shell=bash
# etcd, API server, controller manager and scheduler: one program, separate processes.

ensure_etcd() {
  ensure_process etcd -- "$(program kubernetes etcd)" \
    --data-dir="$LIVE/etcd" --client-url="$ETCD_URL" --peer-url="$ETCD_PEER_URL"
}

ensure_apiserver() {
  write_config "$LIVE/audit-policy.yaml" <"$HERE/config/audit-policy.yaml"
  ensure_process kube-apiserver --reads "$LIVE/audit-policy.yaml" -- "$(program kubernetes kube-apiserver)" \
    --etcd-servers="$ETCD_URL" \
    --bind-address="$ADDRESS" --advertise-address="$ADDRESS" --secure-port=6443 \
    --service-cluster-ip-range="$SERVICE_NETWORK" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --client-ca-file="$PKI/ca.crt" --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
    --kubelet-client-certificate="$PKI/apiserver-to-kubelet.crt" --kubelet-client-key="$PKI/apiserver-to-kubelet.key" \
    --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer="https://kubernetes.default.svc.$CLUSTER_DOMAIN" \
    --service-account-key-file="$PKI/service-accounts.pub" --service-account-signing-key-file="$PKI/service-accounts.key" \
    --audit-policy-file="$LIVE/audit-policy.yaml" --audit-log-path="$LOGS/audit.log" \
    --audit-log-maxsize=200 --audit-log-maxbackup=3 --audit-log-mode=batch \
    --event-ttl=24h
}

apiserver_is_ready() { curl --silent --fail --max-time 2 --cacert "$PKI/ca.crt" "$API_URL/readyz"; }

ensure_controller_manager() {
  ensure_process kube-controller-manager -- "$(program kubernetes kube-controller-manager)" \
    --kubeconfig="$PKI/controller-manager.kubeconfig" --leader-elect=false --bind-address=127.0.0.1 \
    --root-ca-file="$PKI/ca.crt" --service-account-private-key-file="$PKI/service-accounts.key" \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
    --flex-volume-plugin-dir="$LIVE/volume-plugins" --use-service-account-credentials=true --kube-api-qps=500 --kube-api-burst=1000
}

ensure_scheduler() {
  ensure_process kube-scheduler -- "$(program kubernetes kube-scheduler)" \
    --kubeconfig="$PKI/scheduler.kubeconfig" --authentication-kubeconfig="$PKI/scheduler.kubeconfig" \
    --authorization-kubeconfig="$PKI/scheduler.kubeconfig" \
    --leader-elect=false --bind-address=127.0.0.1 --kube-api-qps=500 --kube-api-burst=1000
}

kubectl() { "$(program kubernetes kubectl)" --kubeconfig "$ADMIN_KUBECONFIG" "$@"; }
