#!/bin/sh
# Owns whether the kernel program loads on a Debian release's own kernel, whose verifier may be older and ask more than this machine's:
# boots that kernel in qemu, emulated and without a network, and loads the committed object there. For who changes src/datapath.
# sh tools/kernel.sh [KERNEL-PACKAGE]: of this machine's release unless said; status 0 when it loads, else the verifier's last lines.
set -eu
cd "$(dirname -- "$0")/.."
case "${1:-}" in -*) sed -n '2,4s/^# //p' "$0"; exit 2 ;; esac
architecture=$(dpkg --print-architecture)
case "$architecture" in
  amd64) emulator=qemu-system-x86_64 package=qemu-system-x86 machine=q35 console=ttyS0 ;;
  arm64) emulator=qemu-system-aarch64 package=qemu-system-arm machine=virt console=ttyAMA0 ;;
  *) echo "vpcbox: no kernel of $architecture is tried" >&2; exit 2 ;;
esac
PATH="$PATH:/usr/sbin:/sbin"
for tool in "$emulator" bpftool busybox cpio; do command -v "$tool" > /dev/null || missing=yes; done
if [ -n "${missing:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "vpcbox: needs root to install $package bpftool busybox-static cpio; run it as root" >&2; exit 1; }
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$package" bpftool busybox-static cpio > /dev/null
fi
kernel=${1:-$(apt-cache depends "linux-image-cloud-$architecture" | awk '$1 == "Depends:" { print $2; exit }')}
object=$PWD/src/datapath/port.bpf.o work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -q -o APT::Sandbox::User=root download "$kernel" > /dev/null && dpkg -x ./*.deb image
mkdir -p root/bin root/proc root/sys root/tmp root/dev
cp "$(command -v busybox)" "$(command -v bpftool)" root/bin/
cp "$object" root/program.o
for file in $(ldd "$(command -v bpftool)" | grep -o '/[^ ]*'); do mkdir -p "root$(dirname "$file")" && cp -L "$file" "root$file"; done
cat > root/init <<'INIT'
#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf
ulimit -l unlimited
if bpftool -d prog load /program.o /sys/fs/bpf/program type tc > /tmp/log 2>&1; then echo "vpcbox: the program loads on $(uname -r)"
else tail -n 30 /tmp/log; echo "vpcbox: the program does not load on $(uname -r)"; fi
poweroff -f
INIT
chmod +x root/init && ln -s /bin/busybox root/bin/sh
(cd root && find . | cpio -o -H newc --quiet) | gzip -1 > initrd
timeout 600 "$emulator" -M "$machine" -accel tcg -cpu max -m 1G -nic none -display none -monitor none -serial stdio -no-reboot \
  -kernel image/boot/vmlinuz-* -initrd initrd -append "console=$console quiet panic=-1" < /dev/null | tr -d '\r' | grep -v '^\[' > said || true
cat said
grep -q '^vpcbox: the program loads' said
