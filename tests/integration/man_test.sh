#!/bin/sh
# The manual pages: each renders without a warning, and what their examples show is true. usage: man_test.sh
# BUILD_FOLDER SOURCE_FOLDER
set -eu
build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
fail() { echo "man: $1" >&2; exit 1; }

# Splits the examples of a page into files example.1, example.2 ...; prints their names.
examples() { # page
  rm -f "$work"/example.*
  awk -v to="$work/example." '/^```$/ { on = !on; if (on) n++; next } on { gsub(/\\\\/, "\\"); print > (to n) }' \
    "$source/packaging/man/$1.scd"
  ls "$work"/example.*
}

pages=0
for page in "$build"/packaging/*.[1-8]; do
  MANWIDTH=100 man --warnings -E UTF-8 -l "$page" > "$work/page" 2> "$work/warnings" || fail "$page does not render"
  [ ! -s "$work/warnings" ] || fail "$page: $(cat "$work/warnings")"
  [ "$(wc -l < "$work/page")" -gt 20 ] || fail "$page is nearly empty"
  pages=$((pages + 1))
done
[ "$pages" -eq "$(find "$source/packaging/man" -name '*.scd' | wc -l)" ] || fail "only $pages pages were made"

for example in $(examples checker.yaml.5); do
  "$build/checker/zkchecker" --config "$example" --check-config || fail "an example of checker.yaml(5) is refused"
done
for example in $(examples zkchecker.8); do
  printf 'zookeeper: {servers: [zk1]}\nclusters: all\n' | cat - "$example" > "$work/whole.yaml"
  "$build/checker/zkchecker" --config "$work/whole.yaml" --check-config || fail "an example of zkchecker(8) is refused"
done
for example in $(examples zkcluster-spec.5); do
  "$build/tools/zkctl/zkctl" ring -f "$example" > "$work/out" || fail "an example of zkcluster-spec(5) is refused"
  grep -q 'shards' "$work/out" || fail "zkctl ring said: $(cat "$work/out")"
done
for example in $(examples libzkcluster.3); do
  # shellcheck disable=SC2046 # flags are words
  ${CXX:-g++} -std=c++20 -fsyntax-only -Wall -Wextra -Werror -x c++ -I "$source/libzkcluster/include" \
    $(pkg-config --cflags hiredis) "$example" || fail "an example of libzkcluster(3) does not compile"
done

# Understood, as far as a command that finds no ZooKeeper is: 64 would be usage, 65 a bad file.
for example in $(examples zkctl.1); do
  while read -r line; do
    status=0
    eval "\"$build/tools/zkctl/zkctl\" --zk 127.0.0.1:1 --timeout 200ms ${line#zkctl }" > "$work/out" 2>&1 < /dev/null || status=$?
    [ "$status" -eq 69 ] || fail "$line: exit status $status: $(cat "$work/out")"
  done < "$example"
done

# The recipes for moving over, on what a Sentinel answers and on a pool of twemproxy.
mkdir "$work/bin"
printf '#!/bin/sh\nexec "%s" --zk 127.0.0.1:1 --timeout 200ms "$@"\n' "$build/tools/zkctl/zkctl" > "$work/bin/zkctl"
cat > "$work/bin/redis-cli" << 'EOS'
#!/bin/sh
[ "$*" = "-h sentinel1 -p 26379 sentinel masters" ] || exit 0
printf '%s\n' name s10 ip 10.0.0.1 port 6379 runid '' flags master name s2 ip 2001:db8::2 port 6380
EOS
chmod +x "$work/bin/zkctl" "$work/bin/redis-cli"
printf 'cache:\n  hash: fnv1a_64\n  servers:\n   - 10.0.1.1:6379:2 c1\n   - 10.0.1.2:6379:1\n' > "$work/nutcracker.yml"
for example in $(examples zkcluster-planning.7); do
  grep -q yaml "$example" || continue
  (cd "$work" && PATH="$work/bin:$PATH" sh "$example") > "$work/out" 2>&1 || true
done
expected='  - {name: s2, addr: "[2001:db8::2]:6380"}
  - {name: s10, addr: "10.0.0.1:6379"}'
[ "$(sed 1,4d "$work/sessions.yaml")" = "$expected" ] || fail "of Sentinel came: $(cat "$work/sessions.yaml")"
"$build/tools/zkctl/zkctl" ring -f "$work/sessions.yaml" > "$work/out" || fail "the file made of Sentinel is refused"
"$build/tools/zkctl/zkctl" ring -f "$work/cache.yaml" > "$work/out" || fail "the file made of twemproxy is refused"
grep -q '^c1 * 2 ' "$work/out" || fail "of twemproxy came: $(cat "$work/cache.yaml")"
grep -q '^10.0.1.2:6379 * 1 ' "$work/out" || fail "of twemproxy came: $(cat "$work/cache.yaml")"

# Every verb is in zkctl(1), and every verb in it exists.
"$build/tools/zkctl/zkctl" --help | awk '/^  [a-z]/ { print $1 }' | sort -u > "$work/verbs"
[ "$(wc -l < "$work/verbs")" -gt 10 ] || fail "zkctl --help lists $(cat "$work/verbs")"
while read -r verb; do
  grep -q "zkctl $verb" "$source/packaging/man/zkctl.1.scd" || fail "zkctl(1) does not document $verb"
done < "$work/verbs"
for verb in $(grep -o '\*zkctl [a-z-]*' "$source/packaging/man/zkctl.1.scd" | awk '{ print $2 }' | sort -u); do
  [ "$verb" = --help ] || grep -qx -- "$verb" "$work/verbs" || fail "zkctl(1) documents $verb, which does not exist"
done
echo "man: good, $pages pages"
