#!/bin/sh
# A Dockerfile made on the fly, and a context that is never a directory.
set -e
printf 'FROM %s\nLABEL made=here\n' "$BASE" | docker build -q -t "$IMAGE:generated" - >/dev/null
tar -cf - Dockerfile VERSION | gzip >context.tar.gz
docker build -q -t "$IMAGE:archive" - <context.tar.gz
