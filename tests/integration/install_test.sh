#!/bin/sh
# Installs the build into a folder, compiles README's example against it with only pkg-config, and
# checks the installed files. usage: install_test.sh BUILD_FOLDER SOURCE_FOLDER
set -eu
build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
fail() { echo "install: $1" >&2; exit 1; }

meson install -C "$build" --no-rebuild --quiet --destdir "$work/root"
prefix=$work/root/usr/local
lib=$(dirname "$(find "$prefix" -name 'libzkcluster.so.0' | head -n 1)")
for file in bin/zkctl sbin/zkchecker include/zkcluster/cluster.h include/zkcluster/manager.h \
            include/zkcluster/ring.h share/bash-completion/completions/zkctl \
            share/zsh/site-functions/_zkctl lib/systemd/system/zkchecker.service \
            lib/systemd/system/zkchecker@.service lib/sysusers.d/zkchecker.conf lib/tmpfiles.d/zkchecker.conf; do
  [ -e "$prefix/$file" ] || fail "$file is missing"
done
[ -L "$lib/libzkcluster.so" ] || fail "libzkcluster.so is no link"
! grep -qE '@[a-z]+@' "$prefix"/lib/systemd/system/* || fail "the unit has an unfilled place"

# The first C++ block of README.md.
awk '/^```cpp$/ { on = 1; next } /^```$/ { if (on) exit } on' "$source/README.md" > "$work/example.cc"
grep -q 'Cluster::Open' "$work/example.cc" || fail "README.md has no example"
sed -i 's/"zk1[^"]*"/"127.0.0.1:1"/; s/options.name = .*/&\n  options.open_timeout = std::chrono::milliseconds(200);/' "$work/example.cc"

export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/root"
# shellcheck disable=SC2046 # flags are words
${CXX:-g++} -std=c++20 -Wall -Wextra -Werror "$work/example.cc" $(pkg-config --cflags --libs zkcluster) \
  $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --libs hiredis) -o "$work/example"

# Nobody listens there, so it must report that in one line, and end with 1.
status=0
LD_LIBRARY_PATH="$lib" "$work/example" > "$work/out" 2> "$work/err" || status=$?
[ "$status" -eq 1 ] || fail "the example ended with $status"
[ "$(wc -l < "$work/err")" -eq 1 ] || fail "the example said: $(cat "$work/err")"

# Hidden visibility: what is exported is ours, and meant for others.
exported=$(nm -D --defined-only "$lib/libzkcluster.so.0" | awk '{ print $3 }' | sed 's/@.*//' | c++filt)
strangers=$(echo "$exported" | grep -vE '^((vtable|typeinfo|typeinfo name) for )?zkcluster::|^ZKCLUSTER_0$' || true)
[ -z "$strangers" ] || fail "exports strangers: $(echo "$strangers" | head -n 5)"
inner=$(echo "$exported" | grep -E 'zkcluster::(zk::|StatusWatcher|SpecWatcher|EventLoop|Decode|Encode|.*::Impl::)' || true)
[ -z "$inner" ] || fail "exports inner parts: $(echo "$inner" | head -n 5)"
echo "install: good"
