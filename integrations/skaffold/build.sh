#!/usr/bin/env bash
# A custom builder for skaffold: it sets IMAGE, BUILD_CONTEXT and PUSH_IMAGE. More flags of slipway build may follow.
set -euo pipefail
if [[ ${PUSH_IMAGE:-true} == true ]]; then to=--push; else to=--load; fi
exec slipway build -t "$IMAGE" "$to" "$@" -- "$BUILD_CONTEXT"
