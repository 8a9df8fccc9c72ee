#!/bin/sh
# golden.sh - the images in tests/golden, made once and kept, thaw and end right on every tier (tests/golden/README.md).
#
#   sh tests/golden.sh FIRN               tests them
#   sh tests/golden.sh FIRN --add NAME [ARGS]   makes the image of tests/golden/NAME.firn, stopped after half of its fuel, and what is expected of it;
#                                          refuses to make one anew
#
# NAME.out has what the thawed program writes, then its exit status and all fuel used. The last line is `N passed, N failed`.

if [ $# -lt 1 ]; then echo "usage: golden.sh FIRN [--add NAME [ARGS]]" >&2; exit 2; fi
case $1 in /*) firn=$1 ;; *) firn=$PWD/$1 ;; esac
cd "$(dirname "$0")/golden" || exit 2
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM

# Runs `firn ARGS`, to a file as in NAME.out.
ending() {
  to=$1
  shift
  "$firn" "$@" --stats "$image" </dev/null >"$to" 2>"$folder/err"
  echo "exit status $?" >>"$to"
  grep -v '^state hash  \|^fuel used  \|^memory \|^output  \|^tasks  \|^module  \|^heap   \|^specialisations \|^cpu time  ' "$folder/err" >>"$to"
  sed -n 's/^fuel used */fuel used /p' "$folder/err" >>"$to"
}

if [ "${2:-}" = --add ]; then
  name=$3
  shift 3
  image=$name.fimg
  if [ -e "$image" ]; then echo "golden.sh: $image is there, and stays as it is" >&2; exit 2; fi
  used=$("$firn" run --stats "$name.firn" "$@" 2>&1 >/dev/null </dev/null | sed -n 's/^fuel used *//p')
  "$firn" run --stack=1M --fuel=$((used / 2)) --freeze="$image" "$name.firn" "$@" </dev/null >/dev/null 2>&1
  [ $? -eq 3 ] || exit 2
  ending "$name.out" thaw
  exit 0
fi

passed=0 failed=0
same() { # NAME FILE FILE
  if cmp -s "$2" "$3"; then passed=$((passed + 1)); return; fi
  failed=$((failed + 1))
  echo "FAIL $1"
  diff "$2" "$3" | sed '5q;s/^/    /'
}
for image in *.fimg; do
  name=${image%.fimg}
  for tier in interp oracle; do
    ending "$folder/out" thaw --tier=$tier
    same "$name, $tier" "$name.out" "$folder/out"
  done
  ending "$folder/out" thaw --stress=thaw,clone,hop,200
  same "$name, copied again and again" "$name.out" "$folder/out"
  "$firn" thaw --fuel=0 --freeze="$folder/first" "$image" 2>/dev/null
  "$firn" thaw --fuel=0 --freeze="$folder/second" "$folder/first" 2>/dev/null
  same "$name, frozen again" "$folder/first" "$folder/second"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
