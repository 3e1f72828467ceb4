#!/bin/sh
# Owns a Debian root file system made of its packages, for `vpcbox image build`: fetched by this machine's own apt from its own sources,
# checked by apt, unpacked and configured by dpkg inside the new root. Nothing of this machine is changed.
# Usage: sh tools/build-image.sh FILE.tar [PACKAGE...]
set -eu
exec </dev/null
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
base="base-files base-passwd bash bsdutils ca-certificates coreutils curl dash debconf debianutils diffutils dpkg findutils gpgv grep gzip hostname init-system-helpers iproute2 iptables iputils-ping
  less libc-bin login mawk mount ncurses-base ncurses-bin netbase nftables openssh-server passwd perl-base procps sed sudo sysvinit-utils tar tzdata util-linux"

fail() { echo "error: $*" >&2; exit 1; }
say() { echo "$*" >&2; }
[ $# -ge 1 ] || { echo "usage: sh tools/build-image.sh FILE.tar [PACKAGE...]" >&2; exit 2; }
if [ "${BUILD_APART:-}" != yes ]; then # mounts and processes of the build end with it
  [ "$(id -u)" = 0 ] || fail "needs root: run it with sudo"
  for program in apt-get dpkg dpkg-deb chroot unshare tar; do command -v $program >/dev/null || fail "an image is built by Debian's own programs, and $program is missing; import a root file system instead: vpcbox image import"; done
  BUILD_APART=yes exec unshare --mount --pid --fork --kill-child --ipc --uts -- sh "$0" "$@"
fi
file=$1
shift
for name in "$@"; do case "$name" in *[!a-z0-9.+-]* | [!a-z0-9]*) fail "'$name' is no package's name" ;; esac; done

work=$(mktemp -d "${TMPDIR:-/tmp}/vpcbox-image-XXXXXX")
trap 'for name in archives proc dev; do umount -l "$work/root/$name" 2>/dev/null || :; done; rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM HUP
mount --make-rprivate /
root=$work/root
mkdir -p "$root" "$work/archives/partial" "$work/state"
: > "$work/status"
last() { grep -E '^(E|dpkg): ' "$work/log" | tail -n 1 | cut -c1-300; }

# as if nothing were installed, so that everything that is needed comes along
fetch() {
  apt-get -q -y --no-install-recommends --download-only -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
    install '?essential' $base "$@" >"$work/log" 2>&1
}
say "fetching packages (apt)"
fetch "$@" || {
  say "refreshing the package lists (apt)"
  apt-get -q -o DPkg::Lock::Timeout=300 update >>"$work/log" 2>&1 || fail "apt-get update failed: $(last)"
  fetch "$@" || fail "apt could not fetch the packages: $(last)"
}
set -- "$work"/archives/*.deb
[ -f "$1" ] || fail "apt fetched nothing: $(last)"

say "unpacking $# packages"
for name in bin sbin lib; do mkdir -p "$root/usr/$name"; ln -s "usr/$name" "$root/$name"; done
[ "$(dpkg --print-architecture)" != amd64 ] || { mkdir -p "$root/usr/lib64"; ln -s usr/lib64 "$root/lib64"; }
for archive in "$@"; do dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$root" --keep-directory-symlink || fail "${archive##*/} cannot be unpacked"; done
mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" "$root/archives" "$root/proc" "$root/dev" "$root/usr/sbin"
: > "$root/var/lib/dpkg/status"
: > "$root/var/lib/dpkg/available"
cp /usr/share/base-passwd/passwd.master "$root/etc/passwd"
cp /usr/share/base-passwd/group.master "$root/etc/group"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" # no service starts here
chmod 755 "$root/usr/sbin/policy-rc.d"
[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
mount --bind "$work/archives" "$root/archives"

say "configuring them (dpkg)"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive sh -c "$1" >"$work/log" 2>&1; }
inside 'dpkg --force-unsafe-io --force-depends --install /archives/base-passwd_*.deb /archives/base-files_*.deb' || fail "the first packages could not be configured: $(last)"
inside 'dpkg --force-unsafe-io --force-depends --force-confnew --unpack /archives/*.deb && dpkg --force-unsafe-io --force-confnew --configure --pending' || fail "packages could not be configured: $(last)"
inside 'rm -f /etc/ssh/ssh_host_*_key* /usr/sbin/policy-rc.d /etc/machine-id /var/cache/apt/*.bin; rm -rf /var/lib/apt/lists/*' || :
umount "$root/archives" "$root/proc" "$root/dev"
rmdir "$root/archives"
[ -e "$root/usr/sbin/init" ] || { mkdir -p "$root/usr/lib/systemd"; : > "$root/usr/lib/systemd/systemd"; chmod 755 "$root/usr/lib/systemd/systemd"; ln -s ../lib/systemd/systemd "$root/usr/sbin/init"; } # vpcbox's boot takes its place

say "packing"
tar -C "$root" --numeric-owner --xattrs --xattrs-include=security.capability -cf "$file" . || fail "$file could not be written"
