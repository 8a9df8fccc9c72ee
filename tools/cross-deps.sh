#!/bin/sh
# cross-deps.sh ARCH SYSROOT - makes ready what cross-building for ARCH (aarch64, s390x) and running it here needs; does nothing when all is there.
#
# Debian's cross compiler and qemu's user mode are installed. The libraries are Debian's packages for ARCH, unpacked into SYSROOT and not
# installed: packages of two architectures must be of the same version to stand beside each other, so that installing them would change the
# machine's own ones, and fails when the archive has one architecture's security updates and not the other's. For the same reason apt works on
# lists of its own, below SYSROOT.
set -e
case $1 in
  aarch64) debian=arm64 ;;
  s390x) debian=s390x ;;
  *) echo "usage: cross-deps.sh aarch64|s390x SYSROOT" >&2; exit 2 ;;
esac
sysroot=$2
: "${sysroot:?}"
packages="libgc-dev libutf8proc-dev libmpfr-dev libgmp-dev libmd-dev libzstd-dev libuv1-dev check libsubunit-dev"

sh "$(dirname "$0")/deps.sh" "gcc-$1-linux-gnu" "libc6-dev-$debian-cross" qemu-user-static
[ "$(cat "$sysroot/packages" 2>/dev/null)" != "$packages" ] || exit 0

echo "unpacking $debian packages into $sysroot: $packages"
rm -rf "$sysroot"
mkdir -p "$sysroot/apt/lists/partial" "$sysroot/apt/archives/partial" "$sysroot/debs"
top=$(cd "$sysroot" && pwd)
foreign() {
  apt-get -q -o APT::Architecture="$debian" -o APT::Architectures="$debian" -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 \
    -o Dir::State="$top/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$top/apt" "$@" >"$top/log" 2>&1 || { cat "$top/log" >&2; return 1; }
}
foreign update
# shellcheck disable=SC2086 # words
(cd "$sysroot/debs" && foreign download $packages)
for deb in "$sysroot"/debs/*.deb; do dpkg-deb -x "$deb" "$sysroot"; done
rm -rf "$sysroot/apt" "$sysroot/debs" "$sysroot/log"
echo "$packages" >"$sysroot/packages"
