#!/bin/sh
# install.sh - installs into a folder of its own and builds hosts against that, shared and static, as anybody would: by pkg-config.
#
#   sh tests/install.sh BUILD [NAME...]      BUILD: the folder of firn and libfirn; MAKE, CC and CXX are used
#
# Looks at what the library shows of itself, that it leaves its host alone (tests/install/), and runs the hosts of examples/embed/: tests/examples/embed/NAME.run is
# a shell script in which `host` is the built program and $folder a folder for its files; what it writes, and `exit STATUS` of failures with it, must be NAME.out. With
# UPDATE=1, .out files are written. The last line is `N passed, N failed`; the exit status is 0 when none failed.

if [ $# -lt 1 ]; then echo "usage: install.sh BUILD [NAME...]" >&2; exit 2; fi
build=$1
shift
top=$(mktemp -d) || exit 2
trap 'rm -rf "$top"' EXIT
trap 'exit 2' HUP INT TERM
LC_ALL=C; export LC_ALL
root=$top/root prefix=/opt/firn passed=0 failed=0
: "${MAKE:=make}" "${CC:=cc}" "${CXX:=c++}"

check() {
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); return; fi
  failed=$((failed + 1))
  echo "FAIL $1: expected"
  echo "$2" | sed '12q;s/^/    /'
  echo "  found"
  echo "$3" | sed '12q;s/^/    /'
}

# make_install GOAL
make_install() { $MAKE --no-print-directory DESTDIR="$root" PREFIX=$prefix "$1" >"$top/log" 2>&1 || { cat "$top/log"; exit 1; }; }
make_install install
PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root LD_LIBRARY_PATH=$root$prefix/lib
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
cflags="-O1 -Wall -Wextra -Werror $(pkg-config --cflags firn)"
shared=$(pkg-config --libs firn)
# -l:libfirn.a: by its name, for libfirn.so is there too.
static=$(pkg-config --static --libs firn | sed 's/-lfirn/-l:libfirn.a/')

# build_host HOW SOURCE OUTPUT [FLAG...] - by the compiler of its language.
build_host() {
  how=$1 from=$2 to=$3
  shift 3
  case $from in *.cpp) compiler="$CXX -std=c++11" ;; *) compiler="$CC -std=gnu11" ;; esac
  case $how in shared) libs=$shared ;; *) libs=$static ;; esac
  $compiler $cflags -o "$to" "$from" "$@" $libs -pthread
}

# What is installed, and what is seen of it.
lib=$root$prefix/lib header=$root$prefix/include/firn.h
declared=$(grep -v 'static inline' "$header" | grep -oE '^[A-Za-z].*\<firn_[a-z0-9_]+\(.*;' | grep -oE '\<firn_[a-z0-9_]+\(' | tr -d '(' | sort -u)
check "names in libfirn.so" "$declared" "$(nm -D --defined-only "$lib/libfirn.so" | awk '{ print $3 }' | sort)"
check "names in libfirn.a" "$declared" "$(nm -g --defined-only "$lib/libfirn.a" | awk 'NF == 3 { print $3 }' | sort)"
check "libgc inside" "" "$(readelf -d "$lib/libfirn.so" | grep -E 'libgc|TEXTREL')"
version=$("$root$prefix/bin/firn" version)
check "version of firn.pc" "$version" "firn $(pkg-config --modversion firn)"
check "links" "libfirn.so.0 libfirn.so.${version#firn }" "$(readlink "$lib/libfirn.so") $(readlink "$lib/libfirn.so.0")"
check "commands in the manual" "$("$root$prefix/bin/firn" help | awk '/^Commands/ { on = 1; next } on && /^$/ { exit } on { print $1 }')" \
  "$(awk '/^\.SS firn/ { print $3 }' "$root$prefix/share/man/man1/firn.1")"
for language in "$CC -std=c99 -x c" "clang -std=c99 -x c" "$CXX -std=c++11 -x c++" "clang++ -std=c++17 -x c++"; do
  check "header by $language" "" "$(echo '#include <firn.h>' | $language -pedantic -Wall -Wextra -Wshadow -Wconversion -Werror -fsyntax-only $(pkg-config --cflags firn) - 2>&1)"
done

# A host whose own functions have the names of everything inside.
nm -g --defined-only "$build/libfirn-internal.a" "$($CC -print-file-name=libgc.a)" 2>/dev/null | awk 'NF == 3 && $3 !~ /^(firn_|_|DW)/ && !seen[$3]++ { print $3 }' >"$top/names"
{ echo '#include <stdlib.h>'; grep -v '\.' "$top/names" | sed 's/.*/void &(void); void &(void) { abort(); }/'; } >"$top/names.c"
check "many names inside" 1 $(($(wc -l <"$top/names") > 1000))
$CC -c -fno-builtin -o "$top/names.o" "$top/names.c" || failed=$((failed + 1))
for how in shared static; do
  build_host $how examples/embed/hello.c "$top/names_$how" -fno-builtin "$top/names.o" && check "names of the host ($how)" "the guest is ready
the guest says: hello, host" "$("$top/names_$how" 2>&1)"
  build_host $how tests/install/neighbour.c "$top/neighbour_$how"
  check "neighbour ($how)" "undisturbed" "$("$top/neighbour_$how" 2>&1)"
  build_host $how tests/install/neighbour.c "$top/neighbour_gc_$how" -DOWN_GC -lgc
  check "neighbour with libgc ($how)" "undisturbed" "$("$top/neighbour_gc_$how" 2>&1)"
done
# Wholly static, without the dynamic linker.
$CC $cflags -static -o "$top/alone" examples/embed/hello.c $(pkg-config --static --libs firn) 2>"$top/log" || cat "$top/log"
check "cc -static" "the guest is ready
the guest says: hello, host" "$("$top/alone" 2>&1)"
# Linkers that drop what nobody refers to must keep the natives.
build_host static examples/embed/hello.c "$top/dropped" -fuse-ld=lld -Wl,--gc-sections && check "lld --gc-sections" "the guest is ready
the guest says: hello, host" "$("$top/dropped" 2>&1)"

# The examples.
host() {
  "$top/host" "$@" 2>"$folder/errors"
  status=$?
  [ $status -eq 0 ] || echo "exit $status"
}
run_example() {
  name=$1 how=$2 expected=tests/examples/embed/$1
  folder=$top/files
  rm -rf "$folder" && mkdir "$folder"
  if [ ! -f "$expected.run" ]; then check "$name" "$expected.run" "no such file"; return; fi
  build_host "$how" "$source" "$top/host" || { failed=$((failed + 1)); return; }
  (. "$expected.run") >"$top/out" 2>&1
  if [ "${UPDATE:-0}" = 1 ] && [ "$how" = shared ]; then cp "$top/out" "$expected.out"; fi
  check "$name ($how)" "$(cat "$expected.out")" "$(cat "$top/out")"
}
for source in examples/embed/*.c examples/embed/*.cpp; do
  name=${source##*/}
  name=${name%.*}
  case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
  run_example "$name" shared
  run_example "$name" static
done

make_install uninstall
check "left by uninstall" "" "$(find "$root" ! -type d)"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
