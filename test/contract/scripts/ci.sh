#!/bin/sh
# A CI job: builds quietly, keeps the ID, tags by the commit.
set -eu
sha=${GIT_COMMIT:-$(date +%s)}
id=$(docker build -q --pull --build-arg "GIT_COMMIT=$sha" --iidfile image.id -t "$IMAGE:$sha" -t "$IMAGE:latest" .)
test "$id" = "$(cat image.id)"
case $id in sha256:*) ;; *) echo "no image ID: $id" >&2; exit 1 ;; esac
echo "built $IMAGE:$sha as $id"
