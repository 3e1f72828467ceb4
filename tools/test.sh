#!/bin/sh
# Owns how the tests run: types first, then every test in one run, so that the runner closes with its own count. Arguments choose
# files, which are run without checking types (npm run typecheck), or go to the runner:
# sh tools/test.sh --test-name-pattern=route 'src/model/**/*.test.ts'
set -eu
cd "$(dirname -- "$0")/.."
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "vpcbox: the tests need root for namespaces and packets; run them as root or install sudo" >&2; exit 1; }
  exec sudo --preserve-env=CI,KILLS,KILLS_SEED sh tools/test.sh "$@"
fi
unset SUDO_UID SUDO_GID SUDO_USER SUDO_COMMAND # the laptop of a test's box is root's
files=false
for word in "$@"; do case "$word" in -*) ;; *) files=true ;; esac; done
if [ "$files" = false ]; then
  sh tools/node.sh node_modules/typescript/bin/tsc --noEmit
  set -- "$@" 'src/**/*.test.ts' 'cli/**/*.test.ts' 'tools/**/*.test.ts' 'test/**/*.test.ts'
fi
exec sh tools/node.sh --test --test-concurrency=3 "$@" # on two processors: a third of a box's time is waiting
