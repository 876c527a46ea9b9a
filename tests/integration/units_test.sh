#!/bin/sh
# The systemd units, as installed: sound to systemd-analyze, and locked in as far as they say.
# usage: units_test.sh BUILD_FOLDER
set -eu
build=$1
limit=15 # 1.5
command -v systemd-analyze >/dev/null || { echo "SKIPPED: systemd-analyze is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
fail() { echo "units: $1" >&2; exit 1; }

meson install -C "$build" --no-rebuild --quiet --destdir "$work/root"
units=$work/root/usr/local/lib/systemd/system
[ -d "$units" ] || units=$work/root/usr/lib/systemd/system
mkdir "$work/units"
cp "$units/zkchecker.service" "$units/zkchecker@.service" "$work/units"
cp "$units/zkchecker@.service" "$work/units/zkchecker@rack7.service"
daemon=$(find "$work/root" -name zkchecker -path '*sbin*')
# verify checks that the programs exist; they do, elsewhere.
sed -i "s#^\(Exec[A-Za-z]*\)=[^ ]*/zkchecker #\1=$daemon #" "$work"/units/*
for unit in zkchecker.service zkchecker@rack7.service; do
  systemd-analyze verify --man=no "$work/units/$unit" >"$work/out" 2>&1 || { cat "$work/out"; fail "$unit is not sound"; }
  # It may print warnings and still succeed.
  ! grep "$unit" "$work/out" || fail "$unit is complained of"
  systemd-analyze security --offline=true --threshold="$limit" "$work/units/$unit" >"$work/out" || { cat "$work/out"; fail "$unit is too open"; }
  tail -n 1 "$work/out"
  for line in Type=notify 'RestartPreventExitStatus=64 78' WatchdogSec=30s; do
    grep -qx "$line" "$work/units/$unit" || fail "$unit: $line is missing"
  done
done
echo "units: good"
