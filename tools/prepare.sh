#!/bin/sh
# Owns what follows `npm ci`: node_modules/.bin/vpcbox, so that `npx vpcbox` starts at once, and a note of which lockfile was installed.
set -eu
cd "$(dirname -- "$0")/.."
mkdir -p node_modules/.bin
ln -sf ../../cli/vpcbox node_modules/.bin/vpcbox
cp package-lock.json node_modules/.vpcbox-lock.json
