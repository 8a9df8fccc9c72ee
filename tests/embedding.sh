#!/bin/sh
# embedding.sh LIB CC CXX LIBS... - the header compiles as strict C99 and C++17; the programs of docs/embedding.md are compiled, run, and print what stands under them.
lib=$1 cc=$2 cxx=$3
shift 3
root=$(pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
strict="-Wall -Wextra -Wshadow -Werror -pedantic -I$root/include"
printf '#include "firn.h"\n#include "firn.h"\nint main(void) { FirnValue v = firn_list(NULL, 0); FirnGuestOptions o = firn_guest_options(); return (int)v.count + (int)o.fuel; }\n' > "$dir/c.c"
printf '#include "firn.h"\n#include <string>\nint main() { FirnValue v = firn_string(std::string("x").c_str()); auto o = firn_guest_options(); Firn *f = firn_new(); firn_free(f); return v.count == 1 && o.size ? 0 : 1; }\n' > "$dir/cc.cc"
$cc -std=c99 $strict -fsyntax-only "$dir/c.c" || exit 1
if command -v "$cxx" > /dev/null; then
  $cxx -std=c++17 $strict -c -o "$dir/cc.o" "$dir/cc.cc" && $cxx -o "$dir/cc" "$dir/cc.o" "$lib" "$@" && "$dir/cc" || exit 1
fi
[ "$(grep -c '^FIRN_API' include/firn.h)" -le 64 ] || { echo "embedding.sh: more than 64 functions" >&2; exit 1; }
awk -v dir="$dir" '
  /^```c$/ { code = 1; n++; file = dir "/" n ".c"; next }
  /^```text$/ { code = 1; file = dir "/" n ".expected"; next }
  /^```$/ { code = 0; next }
  code { print > file }
' docs/embedding.md
count=0
for expected in "$dir"/*.expected; do
  program=${expected%.expected}
  $cc -std=c99 $strict -o "$program" "$program.c" "$lib" "$@" || exit 1
  timeout 60 "$program" > "$program.out" 2>&1 || { echo "embedding.sh: a program of docs/embedding.md failed:" >&2; cat "$program.c" "$program.out" >&2; exit 1; }
  diff -u "$expected" "$program.out" || exit 1
  count=$((count + 1))
done
echo "embedding: $count programs"
[ "$count" -ge 6 ]
