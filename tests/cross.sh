#!/bin/sh
# cross.sh - whether programs do the same on other machines as here.
#
#   sh tests/cross.sh STEP FIRN OTHER...      FIRN runs here; each OTHER is a command that runs the same firn built for another machine
#
# Each STEPth program of tests/programs and examples is compiled by every firn: messages and the module must be the same. Then every firn, on each
# tier, runs the module: to the end, but at most to LIMIT; the same with a quota of what it then kept, and with little output and few tasks; to half of the fuel which that took, where the guest is frozen; and from that image on.
# Output, status, report, fuel, logical memory, the hash of the state, and the bytes of the image must be the same. (Programs get no arguments
# here, so some of them end early; what they should do is for the runner to test.)
# Prints a line for each difference, then `N programs the same, N not`; the exit status is 0 when there was none.

LIMIT=3000000

# Runs "$@" with all that it says in the file $to, but for what --stats says about the process rather than the guest.
record() {
  timeout 200 "$@" </dev/null >"$to" 2>"$to.err"
  echo "status $?" >>"$to"
  grep -v -e '^heap  ' -e '^compiled  ' -e '^left  ' -e '^cpu time  ' "$to.err" >>"$to"
  rm -f "$to.err"
}

# same WANTED OTHER WHAT
same() {
  cmp -s "$1" "$2" && return
  echo "DIFFERS $program: $3"
  diff -a "$1" "$2" | head -8 | cut -c1-300 | sed 's/^/    /'
  result=1
}

# compare RESULT COMMAND ARGS...: `firn COMMAND ARGS`, which may write the file made, by the first of the firns and then by each, on each of $tiers. What the
# first one made is then in RESULT.
compare() {
  made=$1 command=$2
  shift 2
  rm -f "$folder/made" "$made"
  to=$folder/wanted; record "${firns%% *}" "$command" "$@"
  [ ! -f "$folder/made" ] || mv "$folder/made" "$made"
  for firn in $firns; do
    for tier in $tiers; do
      to=$folder/other; record "$firn" "$command" "$tier" "$@"
      same "$folder/wanted" "$folder/other" "$firn $command $tier, $(basename "$made")"
      [ ! -f "$made" ] || same "$made" "$folder/made" "$firn $command $tier, bytes of $(basename "$made")"
      rm -f "$folder/made"
    done
  done
}

program_compare() {
  program=$1 result=0
  tiers=--output="$folder/made"
  compare "$folder/module" build --output="$folder/made" "$program"
  [ -f "$folder/module" ] || return $result
  tiers="--tier=interp --tier=oracle"
  compare "$folder/whole" run --stats --fuel=$LIMIT "$folder/module"
  fuel=$(sed -n 's/^fuel used *//p' "$folder/wanted")
  memory=$(sed -n 's/^memory in use *\([0-9]*\) .*/\1/p' "$folder/wanted")
  compare "$folder/image" run --stats --fuel=$((${fuel:-0} / 2)) --freeze="$folder/made" "$folder/module"
  # A quota and limits that some programs keep and some don't.
  compare "$folder/limited" run --stats --fuel=$LIMIT --memory=$((${memory:-0} + 100)) --output-limit=2K --tasks=3 "$folder/module"
  [ ! -f "$folder/image" ] || compare "$folder/rest" thaw --stats --fuel=$LIMIT "$folder/image"
  return $result
}

if [ "$1" = --programs ]; then # a part of the work: --programs "FIRNS" PROGRAM...
  firns=$2 good=0 bad=0
  shift 2
  folder=$(mktemp -d) || exit 2
  trap 'rm -rf "$folder"' EXIT
  for p; do
    if program_compare "$p"; then good=$((good + 1)); else bad=$((bad + 1)); fi
    rm -f "$folder"/*
  done
  echo "counts $good $bad"
  exit 0
fi

if [ $# -lt 3 ]; then echo "usage: cross.sh STEP FIRN OTHER..." >&2; exit 2; fi
step=$1
shift
# Without the programs that look at the clock.
find tests/programs examples -name '*.firn' -exec grep -L '^import \(time\|fs\|env\)' {} + | LC_ALL=C sort |
  awk -v step="$step" 'NR % step == 0' | xargs -P 2 -n 8 sh "$0" --programs "$*" |
  awk '$1 == "counts" { good += $2; bad += $3; next } { print; fflush() }
    END { printf "%d programs the same, %d not\n", good, bad; exit bad > 0 || good == 0 }'
