#!/bin/sh
# examples.sh - runs the programs of examples/ as their head comments say.
#
#   sh tests/examples.sh FIRN [NAME...]
#
# tests/examples/NAME.run is a shell script in which `firn` is the command under test; what it writes, errors and `exit STATUS` of failures with
# it, must be NAME.out. It runs in a folder of its own, in which `examples` and LICENSE are links, once in each mode: interp and oracle (the tiers),
# and for some programs thaw (copied and moved between tiers as it runs). $tier and $mode tell them apart. MODES="interp" leaves out the others; with
# UPDATE=1, .out files are written.
# Each program of examples/ must have one. The last line is `N passed, N failed`; the exit status is 0 when none failed.

if [ $# -lt 1 ]; then echo "usage: examples.sh FIRN [NAME...]" >&2; exit 2; fi
case $1 in /*) command=$1 ;; *) command=$PWD/$1 ;; esac
shift
if [ ! -x "$command" ]; then echo "examples.sh: can't run $command" >&2; exit 2; fi
root=$PWD expected=$PWD/tests/examples
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
LC_ALL=C; export LC_ALL
stressed=" bank json report jsonquery sheet lisp factory "

firn() {
  case $mode in thaw) set -- --stress=thaw,clone,hop,step,3 "$@" ;; esac
  "$command" run --tier=$tier "$@" 2>&1
  status=$?
  [ $status -eq 0 ] || echo "exit $status"
}

passed=0 failed=0
run_in() {
  name=$1 mode=$2
  case " ${MODES:-interp oracle thaw} " in *" $mode "*) ;; *) return ;; esac
  case $mode in oracle) tier=oracle ;; *) tier=interp ;; esac
  rm -rf "$folder/run" && mkdir "$folder/run" && cd "$folder/run" || exit 2
  ln -s "$root/examples" "$root/LICENSE" .
  (. "$expected/$name.run") >"$folder/out" 2>&1
  cd "$root" || exit 2
  if [ "${UPDATE:-0}" = 1 ] && [ "$mode" = interp ]; then cp "$folder/out" "$expected/$name.out"; fi
  if cmp -s "$expected/$name.out" "$folder/out"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $name ($mode):"
    diff "$expected/$name.out" "$folder/out" | sed '12q;s/^/    /'
  fi
}

if [ $# -eq 0 ]; then
  for program in examples/*.firn; do
    name=${program##*/}
    set -- "$@" "${name%.firn}"
  done
fi
for name; do
  if [ ! -f "$expected/$name.run" ]; then
    failed=$((failed + 1))
    echo "FAIL $name: there is no tests/examples/$name.run"
    continue
  fi
  run_in "$name" interp
  run_in "$name" oracle
  case $stressed in *" $name "*) run_in "$name" thaw ;; esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
