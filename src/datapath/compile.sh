#!/bin/sh
# Compiles the kernel program and notes what it was made of. The object is committed: users need no compiler.
set -eu
cd "$(dirname "$0")"
out=${1:-port.bpf.o}
multiarch=$(gcc -print-multiarch 2>/dev/null || dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
clang -O2 -g -Wall -Werror -target bpf -mcpu=v3 -fdebug-prefix-map="$PWD"=. -fdebug-compilation-dir=. -I"/usr/include/$multiarch" -c port.bpf.c -o "$out"
llvm-strip -g "$out" 2>/dev/null || llvm-strip-14 -g "$out"
[ "$out" = port.bpf.o ] || exit 0
printf '{ "sources": "%s", "compiler": "%s" }\n' "$(cat *.bpf.c *.bpf.h | sha256sum | cut -d' ' -f1)" "$(clang --version | head -n 1)" > port.bpf.json
