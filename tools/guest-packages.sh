#!/bin/sh
# Owns the programs that instances have and this machine need not: Debian's packages fetched by apt and unpacked into a directory of
# their own (never installed: installing openssh-server would start a daemon here). It lies between image layers and this machine's /usr.
# Usage: sh tools/guest-packages.sh [--all] [DIRECTORY]     --all: also what this machine has already
set -eu
exec </dev/null
export DEBIAN_FRONTEND=noninteractive
all=false
[ "${1:-}" != --all ] || { all=true; shift; }
dest=${1:-/var/lib/vpcbox/guest-usr}
unpacked=$dest/share/vpcbox/unpacked

fail() { echo "vpcbox guest packages: $*" >&2; exit 1; }
say() { echo "vpcbox guest packages: $*" >&2; }
[ "$(id -u)" = 0 ] || fail "needs root: files of instances belong to root"

# package, and the program under /usr that shows that a machine has it
packages="openssh-server sbin/sshd
openssh-client bin/ssh
sudo bin/sudo
iptables sbin/xtables-nft-multi
iputils-ping bin/ping
curl bin/curl
net-tools bin/netstat
procps bin/ps
jq bin/jq
iproute2 bin/ss
tcpdump bin/tcpdump
bind9-dnsutils bin/dig
netcat-openbsd bin/nc.openbsd
traceroute bin/traceroute.db"

missing() {
  echo "$packages" | while read -r name program; do
    if $all || [ ! -e "/usr/$program" ]; then [ -e "$unpacked/$name" ] || echo "$name"; fi
  done
}

# Another release of the system has other libraries: begin again.
release=$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")
[ ! -e "$dest" ] || [ "$(cat "$unpacked/.release" 2>/dev/null)" = "$release" ] || rm -rf "$dest"

wanted=$(missing)
[ -n "$wanted" ] || exit 0
command -v apt-get >/dev/null || fail "this system has no apt-get; install for instances by hand:" $wanted

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/archives/partial" "$work/tree"
again=
! $all || again=--reinstall
fetch() {
  apt-get -q -y --no-install-recommends --download-only $again -o Dir::Cache::archives="$work/archives" -o APT::Sandbox::User=root -o DPkg::Lock::Timeout=300 \
    install $wanted >"$work/log" 2>&1
}
say "fetching for instances:" $wanted
fetch || {
  say "refreshing the package lists (apt)"
  apt-get -q -o DPkg::Lock::Timeout=300 update >>"$work/log" 2>&1 || { tail -n 3 "$work/log" >&2; fail "apt-get update failed"; }
  fetch || { tail -n 3 "$work/log" >&2; fail "apt could not fetch:" $wanted; }
}
for archive in "$work"/archives/*.deb; do
  [ -f "$archive" ] || continue
  dpkg-deb -x "$archive" "$work/tree"
done

rm -rf "$work/tree/usr/share/doc" "$work/tree/usr/share/man" "$work/tree/usr/share/locale" "$work/tree/usr/share/lintian" "$work/tree/usr/share/bug" "$work/tree/usr/lib/systemd/system"
mkdir -p "$unpacked"
chmod 755 "$dest"
echo "$release" > "$unpacked/.release"
for part in usr bin sbin lib lib64; do
  [ -d "$work/tree/$part" ] || continue
  [ "$part" != lib ] || rm -rf "$work/tree/lib/systemd"
  if [ "$part" = usr ]; then into=$dest; else into=$dest/$part; fi
  mkdir -p "$into"
  cp -a "$work/tree/$part/." "$into/"
done
# what the packages' own scripts would have linked
while read -r link target; do
  if [ -e "$dest/bin/$target" ] && [ ! -e "$dest/bin/$link" ]; then ln -s "$target" "$dest/bin/$link"; fi
done <<EOF
nc nc.openbsd
netcat nc.openbsd
traceroute traceroute.db
EOF
for name in $wanted; do : > "$unpacked/$name"; done
say "done, in $dest"
