#!/bin/sh
# golden.sh - the images in tests/golden, made once and kept, thaw and end right on every tier (tests/golden/README.md).
#
#   sh tests/golden.sh FIRN               tests them
#   sh tests/golden.sh FIRN --add NAME [ARGS]   makes the image of tests/golden/NAME.firn, stopped after half of its fuel, and what is expected of it;
#                                          refuses to make one anew
#
# NAME.out has what the thawed program writes, then its exit status and all fuel used.

if [ $# -lt 1 ]; then echo "usage: golden.sh FIRN [--add NAME [ARGS]]" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
folder_new
cd "$tests/golden" || exit 2

# Runs `firn ARGS`, to a file as in NAME.out.
ending() {
  to=$1
  shift
  "$firn" "$@" --stats "$image" </dev/null >"$to" 2>"$folder/err"
  echo "exit status $?" >>"$to"
  report_of "$folder/err" >>"$to"
  echo "fuel used $(fuel_of "$folder/err")" >>"$to"
}

if [ "${2:-}" = --add ]; then
  name=$3
  shift 3
  image=$name.fimg
  if [ -e "$image" ]; then echo "golden.sh: $image is there, and stays as it is" >&2; exit 2; fi
  used=$("$firn" run --stats "$name.firn" "$@" 2>&1 >/dev/null </dev/null | fuel_of -)
  "$firn" run --stack=1M --fuel=$((used / 2)) --freeze="$image" "$name.firn" "$@" </dev/null >/dev/null 2>&1
  [ $? -eq 3 ] || exit 2
  ending "$name.out" thaw
  exit 0
fi

for image in *.fimg; do
  base=${image%.fimg}
  for tier in interp oracle; do
    ending "$folder/out" thaw --tier=$tier
    name="$base, $tier"; same "$base.out" "$folder/out"
  done
  ending "$folder/out" thaw --stress=thaw,clone,hop,200
  name="$base, copied again and again"; same "$base.out" "$folder/out"
  "$firn" thaw --fuel=0 --freeze="$folder/first" "$image" 2>/dev/null
  "$firn" thaw --fuel=0 --freeze="$folder/second" "$folder/first" 2>/dev/null
  name="$base, frozen again"; same "$folder/first" "$folder/second"
done
ended
