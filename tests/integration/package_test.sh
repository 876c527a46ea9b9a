#!/bin/sh
# Packs the build as Debian packages (lintian included, symbols compared), and installs, upgrades, removes and purges
# them in a bare tree. Maintainer scripts run against the tree (dpkg --force-script-chrootless), so that it takes
# seconds and no download; what they ask systemd for is tried by packaging/try-deb on a booted system.
# usage: package_test.sh BUILD_FOLDER SOURCE_FOLDER
set -eu
build=$1
source=$2
skip() { echo "SKIPPED: $1"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "only root installs packages"
for tool in dpkg-buildpackage dh lintian scdoc systemd-sysusers systemd-tmpfiles; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
fail() { echo "package: $1" >&2; exit 1; }

"$source/packaging/build-deb" --from "$build" --output "$work/debs" >"$work/log" 2>&1 || { cat "$work/log"; fail "no packages"; }
grep '^lintian: ' "$work/log"

root=$work/root
mkdir -p "$root/etc" "$root/var/log" "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/lib/systemd"
touch "$root/var/lib/dpkg/status" "$root/etc/shadow" "$root/etc/gshadow"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
inside() { # dpkg arguments; what it needs is on this machine, not in the tree
  dpkg --root="$root" --force-script-chrootless --force-depends --log="$work/dpkg.log" "$@" >"$work/out" 2>&1 ||
    { cat "$work/out"; fail "dpkg $*"; }
}
# Everything but dpkg's own books and what systemd-sysusers and others lock with.
listing() { (cd "$root" && find . \( -path ./var/lib/dpkg -o -name '.*.lock' -o -name '.pwd.lock' -o -name '*-' \) -prune -o -print | sort); }
listing >"$work/before"

inside -i "$work"/debs/*.deb
config=$root/etc/zkcluster/checker.yaml
zkchecker() { LD_LIBRARY_PATH="$(dirname "$(find "$root/usr/lib" -name libzkcluster.so.0)")" "$root/usr/sbin/zkchecker" "$@"; }
zkchecker --config "$config" --check-config || fail "the file that comes along is no good"
"$root/usr/bin/zkctl" --help >/dev/null || fail "zkctl does not run"
for page in man1/zkctl.1 man8/zkchecker.8; do
  zcat "$root/usr/share/man/$page.gz" | grep -q '^\.TH' || fail "$page is no manual page"
done
grep -q '^zkchecker:' "$root/etc/passwd" || fail "there is no user zkchecker"
[ "$(stat -c '%a %u' "$root/etc/zkcluster/credentials")" = '700 0' ] || fail "the passwords are open"
[ "$(stat -c '%a %U' "$root/var/log/zkcluster" | cut -d' ' -f1)" = 750 ] || fail "the logs are open"
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/zkchecker.service" ] || fail "it is enabled without being asked"
for unit in zkchecker.service zkchecker@.service; do
  grep -q '^ExecStart=/usr/sbin/zkchecker --config /etc/zkcluster/' "$root/lib/systemd/system/$unit" || fail "$unit runs something else"
done

# The next version, whose example has changed, too.
mkdir "$work/next"
for package in zkchecker zkctl libzkcluster0 libzkcluster-dev; do
  dpkg-deb -R "$work"/debs/"$package"_*.deb "$work/next/$package"
  sed -i 's/^Version: .*/&+next/; s/\(libzkcluster0 (= [^)]*\))/\1+next)/' "$work/next/$package/DEBIAN/control"
done
echo '# a line of the next version' >>"$work/next/zkchecker/etc/zkcluster/checker.yaml"
for package in zkchecker zkctl libzkcluster0 libzkcluster-dev; do
  dpkg-deb --build --root-owner-group -Znone "$work/next/$package" "$work/next" >/dev/null
done

# The operator's changed file, and others beside it.
printf 'id: mine\nzookeeper: {servers: [127.0.0.1:1]}\nclusters: all\n' >"$config"
mkdir -p "$root/etc/zkcluster/rack7/credentials"
echo secret >"$root/etc/zkcluster/credentials/sessions"
echo 'a line' >"$root/var/log/zkcluster/checker.log"
inside --force-confold -i "$work"/next/*.deb
dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Package} ${Version} ${db:Status-Status}\n' | grep -c '+next installed$' |
  grep -qx 4 || fail "the upgrade is not complete"
grep -qx 'id: mine' "$config" || fail "the upgrade has overwritten the operator's file"
[ "$(cat "$root/etc/zkcluster/credentials/sessions")" = secret ] || fail "the upgrade has lost a password"
[ -s "$root/var/log/zkcluster/checker.log" ] || fail "the upgrade has lost a log"
zkchecker --config "$config" --check-config >/dev/null || fail "the operator's file is no good any more"

packages='zkchecker zkctl libzkcluster-dev libzkcluster0'
# shellcheck disable=SC2086 # one word a package
inside -r $packages
[ ! -e "$root/usr/sbin/zkchecker" ] || fail "removed, and still there"
grep -qx 'id: mine' "$config" || fail "the removal has taken the operator's file along"
# shellcheck disable=SC2086 # the same
inside -P $packages
listing >"$work/after"
diff "$work/before" "$work/after" >"$work/left" || { cat "$work/left"; fail "the purge has left these behind"; }
! grep -q zkchecker "$root/etc/passwd" "$root/etc/group" || fail "the purge has left the user behind"
echo "package: good"
