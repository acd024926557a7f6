#!/usr/bin/env bash
# A build without slipway, as a person would script it: six kubectl calls. Usage: by-hand.sh NAMESPACE IMAGE KANIKO-IMAGE CONTEXT
# Further args of kaniko, and features to turn on, each on a line of $KANIKO_ARGS and $KANIKO_FEATURES.
set -euo pipefail
namespace=$1 image=$2 kaniko=$3 context=$4
name=by-hand-$$-$RANDOM
archive=$(mktemp -d)
trap 'rm -rf "$archive"' EXIT

tar -C "$context" -czf "$archive/context.tar.gz" .
more_args=$(sed -e '/./!d' -e 's/^/        - /' <<<"${KANIKO_ARGS:-}")
features=$(sed -e '/./!d' -e 's/.*/        - {name: &, value: "true"}/' <<<"${KANIKO_FEATURES:-}")

kubectl -n "$namespace" create configmap "$name" --from-file="$archive/context.tar.gz"
kubectl -n "$namespace" apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata: {name: $name}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  containers:
    - name: kaniko
      image: $kaniko
      args:
        - --context=tar:///kaniko/context/context.tar.gz
        - --destination=$image
        - --digest-file=/dev/termination-log
        - --log-format=color
        - --force
        - --push-retry=3
        - --image-download-retry=3
        - --skip-unused-stages
$more_args
      env:${features:+
$features}
      volumeMounts: [{name: context, mountPath: /kaniko/context, readOnly: true}]
  volumes: [{name: context, configMap: {name: $name}}]
EOF
kubectl -n "$namespace" wait "pod/$name" --for=jsonpath='{.status.phase}'=Succeeded --timeout=120s
kubectl -n "$namespace" logs "$name"
digest=$(kubectl -n "$namespace" get pod "$name" -o jsonpath='{.status.containerStatuses[0].state.terminated.message}')
kubectl -n "$namespace" delete --wait=false "pod/$name" "configmap/$name"
echo "$image@$digest"
