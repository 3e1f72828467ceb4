#!/bin/sh
# Owns what a machine needs before vpcbox runs on it: Debian packages, npm packages from the lockfile, and the guests' own programs.
# Says one line per step, nothing when all is there. With --test also what tests and benchmarks need. Debian 12 or newer.
set -eu
exec </dev/null
cd "$(dirname -- "$0")/.."
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export DEBIAN_FRONTEND=noninteractive

fail() { echo "vpcbox setup: $*" >&2; exit 1; }
say() { echo "vpcbox setup: $*" >&2; }
case "${1:-}" in "" | --test) ;; *) echo "usage: sh tools/setup.sh [--test]" >&2; exit 2 ;; esac

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else fail "needs root for: $*; run it as root or install sudo"
  fi
}

# Each line: what must be there (a program, or a file by a pattern of its whole path) and the Debian package that has it.
needed() {
  cat <<EOF
runc runc
ip iproute2
tc iproute2
nft nftables
nsenter util-linux
ssh openssh-client
curl curl
openssl openssl
ping iputils-ping
/etc/ssl/certs/ca-certificates.crt ca-certificates
/usr/lib/*-linux-gnu/libbpf.so.1 libbpf1
EOF
  [ "${1:-}" = --test ] && cat <<EOF
/usr/bin/aws awscli
clang clang
llvm-strip llvm
/usr/lib/python3/dist-packages/boto3/__init__.py python3-boto3
/usr/bin/ansible-playbook ansible
wrk wrk
iptables iptables
iperf3 iperf3
tcpdump tcpdump
/usr/include/bpf/bpf_helpers.h libbpf-dev
/usr/include/stdio.h libc6-dev
EOF
  return 0
}

missing_packages() {
  needed "$@" | while read -r what package; do
    case "$what" in
      /*) for file in $what; do [ -e "$file" ] && continue 2; done ;;
      *) command -v "$what" >/dev/null && continue ;;
    esac
    echo "$package"
  done | sort -u
}

install_packages() {
  command -v apt-get >/dev/null || fail "this system has no apt-get; install by hand:" "$@"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  say "installing $* (apt)"
  apt="apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300"
  if ! as_root $apt install "$@" >"$log" 2>&1; then
    say "refreshing the package lists (apt)"
    as_root apt-get -q -o DPkg::Lock::Timeout=300 update >>"$log" 2>&1 || { tail -n 3 "$log" >&2; fail "apt-get update failed"; }
    as_root $apt install "$@" >>"$log" 2>&1 || { tail -n 3 "$log" >&2; fail "apt could not install: $*"; }
  fi
}

packages=$(missing_packages "$@")
if [ -n "$packages" ]; then
  install_packages $packages
  rest=$(missing_packages "$@")
  [ -z "$rest" ] || fail "apt installed" $rest "without what vpcbox needs of it; Debian 12 or newer has it"
fi

if ! cmp -s package-lock.json node_modules/.vpcbox-lock.json; then
  command -v npm >/dev/null || fail "npm is missing; install Node 20 or newer with npm"
  say "installing npm packages (npm ci)"
  out=$(npm ci --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1) || { echo "$out" | tail -n 5 >&2; fail "npm ci failed"; }
  sh tools/prepare.sh
fi

as_root sh tools/guest-packages.sh
