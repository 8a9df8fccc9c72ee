#!/bin/sh
# cross.sh - whether programs do the same on other machines as here.
#
#   sh tests/cross.sh STEP FIRN OTHER...      FIRN runs here; each OTHER is a command that runs the same firn built for another machine
#
# Of tests/programs and examples each STEPth program is compiled by every firn: messages and module bytes must be the same. Then every firn (this
# machine's too), on each tier, runs the module that FIRN made: to the end, but at most to LIMIT, and to half of the fuel which that took. Output, status, report,
# fuel, logical memory and the hash of the state must be the same. (Programs see no arguments here, so some of them end early; tests of what they should do
# are the runner's.) Prints a line for each difference, then `N programs the same, N not`; the exit status is 0 when there was none.

LIMIT=3000000

# Runs "$@" with its status appended to the file $to; what --stats says about this process, rather than the guest, is left out.
record() {
  timeout 120 "$@" </dev/null >"$to" 2>"$to.err"
  echo "status $?" >>"$to"
  grep -v -e '^heap  ' -e '^cpu time  ' "$to.err" >>"$to"
  rm -f "$to.err"
}

# same NAME OTHER: whether OTHER's file $2 is what is wanted, in $1.
same() {
  cmp -s "$1" "$2" && return
  echo "DIFFERS $program: $3"
  diff -a "$1" "$2" | head -8 | sed 's/^/    /'
  result=1
}

program_compare() {
  program=$1 result=0
  shift
  to=$folder/built; record "$1" build -o "$folder/wanted.fmod" "$program"
  for other; do
    to=$folder/other; record "$other" build -o "$folder/other.fmod" "$program"
    same "$folder/built" "$folder/other" "$other build"
    [ ! -f "$folder/wanted.fmod" ] || same "$folder/wanted.fmod" "$folder/other.fmod" "$other's module"
    rm -f "$folder/other.fmod"
  done
  [ -f "$folder/wanted.fmod" ] || return $result
  fuel=$LIMIT
  for part in whole half; do
    to=$folder/wanted; record "$1" run --stats --fuel="$fuel" "$folder/wanted.fmod"
    for other; do
      for tier in interp oracle; do
        to=$folder/other; record "$other" run --stats --fuel="$fuel" --tier=$tier "$folder/wanted.fmod"
        same "$folder/wanted" "$folder/other" "$other run --tier=$tier, $part"
      done
    done
    fuel=$(sed -n 's/^fuel used *//p' "$folder/wanted")
    fuel=$((${fuel:-0} / 2))
  done
  return $result
}

if [ "$1" = --programs ]; then # a part of the work: --programs "FIRNS" PROGRAM...
  firns=$2 good=0 bad=0
  shift 2
  folder=$(mktemp -d) || exit 2
  trap 'rm -rf "$folder"' EXIT
  for p; do
    # The commands are words.
    # shellcheck disable=SC2086
    if program_compare "$p" $firns; then good=$((good + 1)); else bad=$((bad + 1)); fi
    rm -f "$folder"/*
  done
  echo "counts $good $bad"
  exit 0
fi

if [ $# -lt 3 ]; then echo "usage: cross.sh STEP FIRN OTHER..." >&2; exit 2; fi
step=$1
shift
# Without the programs that look at the clock.
find tests/programs examples -name '*.firn' -exec grep -L '^import time' {} + | LC_ALL=C sort | awk -v step="$step" 'NR % step == 0' | xargs -P 2 -n 8 sh "$0" --programs "$*" |
  awk '$1 == "counts" { good += $2; bad += $3; next } { print; fflush() }
    END { printf "%d programs the same, %d not\n", good, bad; exit bad > 0 || good == 0 }'
