#!/bin/bash
# The golden texts and the golden trainings on an emulated 64-bit ARM: are the bits the same?
#
#   tests/support/arm.sh [FOLDER]      (make arm)
#
# Debian or Ubuntu, as root, some 500 MB in FOLDER: a cross compiler and qemu are installed, a
# Python of that processor is unpacked beside them, and nothing else of the system is touched.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(realpath -m "${1:-/tmp/charlm-arm}")
root=$work/root site=$work/site
python=.venv/bin/python
version=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
TORCH=2.8.0 # the last whose wheel for this processor is without CUDA; the kernels are ours

apt-get install -y -q g++-aarch64-linux-gnu qemu-user-static >/dev/null
dpkg --add-architecture arm64 && apt-get update -q >/dev/null
mkdir -p "$root" "$site" "$work/debs" "$work/wheels"
(cd "$work/debs" && apt-get download -qq $(printf '%s:arm64 ' \
  python"$version"-minimal libpython"$version"-{minimal,stdlib,dev} libc6 libssl3 libffi8 zlib1g \
  libexpat1 libstdc++6 libgcc-s1 libbz2-1.0 liblzma5 libsqlite3-0 libuuid1 libcrypt1))
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$root"; done
$python -m pip download -q --no-deps --python-version "$version" --only-binary=:all: \
  --platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64 -d "$work/wheels" \
  numpy safetensors torch=="$TORCH"
for wheel in "$work"/wheels/*.whl; do $python -m zipfile -e "$wheel" "$site"; done

rm -rf "$work/tree" && mkdir "$work/tree" && cp -r charlm tests "$work/tree"
rm -f "$work"/tree/charlm/*.so
export CC=aarch64-linux-gnu-g++ CXX=aarch64-linux-gnu-g++
export LDSHARED="$CC -shared" LDCXXSHARED="$CC -shared"
CPPFLAGS="-I$root/usr/include -I$root/usr/include/python$version" \
  $python setup.py -q build_ext --build-temp "$work/objects" --build-lib "$work/built"
for module in _engine _training; do
  cp "$work"/built/charlm/$module.*.so "$work/tree/charlm/$module.so"
done
exec qemu-aarch64-static -L "$root" "$root/usr/bin/python$version" tests/support/on_arm.py \
  "$work/tree" "$site" "$(realpath .venv)/lib/python$version/site-packages"
