#!/bin/sh
# examples.sh - runs the programs of examples/ as their head comments say.
#
#   sh tests/examples.sh FIRN [NAME...]
#
# tests/examples/NAME.run is a shell script in which `firn` is the command under test; what it writes, errors and `exit STATUS` of failures with
# it, must be NAME.out. It runs in a folder of its own, in which `examples` and LICENSE are links, once in each mode: interp and oracle (the tiers),
# and for some programs thaw (copied and moved between tiers as it runs). $tier and $mode tell them apart. MODES="interp" leaves out the others; with
# UPDATE=1, .out files are written.
# Each program of examples/ must have one.

if [ $# -lt 1 ]; then echo "usage: examples.sh FIRN [NAME...]" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
shift
root=$PWD expected=$tests/examples
folder_new
stressed=" bank json report jsonquery sheet lisp factory "

firn() {
  case $mode in thaw) set -- --stress=thaw,clone,hop,step,3 "$@" ;; esac
  "$firn" run --tier=$tier "$@" 2>&1
  status=$?
  [ $status -eq 0 ] || echo "exit $status"
}

run_in() {
  program=$1 mode=$2 name="$1 ($2)"
  case " ${MODES:-interp oracle thaw} " in *" $mode "*) ;; *) return ;; esac
  case $mode in oracle) tier=oracle ;; *) tier=interp ;; esac
  rm -rf "$folder/run" && mkdir "$folder/run" && cd "$folder/run" || exit 2
  ln -s "$root/examples" "$root/LICENSE" .
  (. "$expected/$program.run") >"$folder/out" 2>&1
  cd "$root" || exit 2
  if [ "${UPDATE:-0}" = 1 ] && [ "$mode" = interp ]; then cp "$folder/out" "$expected/$program.out"; fi
  if cmp -s "$expected/$program.out" "$folder/out"; then
    pass
  else
    fail 'something else than expected'
    diff "$expected/$program.out" "$folder/out" | sed '12q;s/^/    /'
  fi
}

if [ $# -eq 0 ]; then
  for file in examples/*.firn; do
    program=${file##*/}
    set -- "$@" "${program%.firn}"
  done
fi
for program; do
  if [ ! -f "$expected/$program.run" ]; then
    name=$program; fail "there is no tests/examples/$program.run"
    continue
  fi
  run_in "$program" interp
  run_in "$program" oracle
  case $stressed in *" $program "*) run_in "$program" thaw ;; esac
done
ended
