#!/usr/bin/env bash
# A release: pushes, then pins the deployment to the digest that was pushed.
set -euo pipefail
docker build --push --progress=plain --metadata-file=build.json --label "org.opencontainers.image.version=$VERSION" \
  --tag="$IMAGE:$VERSION" --file docker/Dockerfile --target=release . 2>build.log
digest=$(jq -r '."containerimage.digest"' build.json)
name=$(jq -r '."image.name" | split(",")[0]' build.json)
jq -e '."containerimage.config.digest" | startswith("sha256:")' build.json >/dev/null
printf 'image: %s@%s\n' "${name%:*}" "$digest" | tee deploy.yaml
