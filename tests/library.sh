# library.sh - what the test scripts share; each begins with `. "${0%/*}/library.sh"`.
#
# A test that passes prints nothing, one that fails a line `FAIL NAME: WHY` and the first lines of the files concerned; `ended` prints `N passed, N failed`.
# Each of these counts one test:
#   check NAME STATUS ARGS...   runs $firn on ARGS (standard input: $in, or nothing) and compares the exit status; what it wrote is in the files out, err
#   expect NAME CONDITION...    a command that must succeed
#   out_is [LINE...]   has FILE TEXT   lacks FILE TEXT   same FILE FILE   empty FILE   filled FILE   quiet   status_is STATUS   (of the test named last)
# `firn_is FIRN` sets $firn, $tests is the folder of the scripts, `folder_new` makes $folder, which goes when the script ends.

LC_ALL=C; export LC_ALL
case $0 in /*) tests=${0%/*} ;; *) tests=$PWD/${0%/*} ;; esac
passed=0 failed=0 name="" in=/dev/null

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
firn_is() {
  firn=$(absolute "$1")
  if [ ! -x "$firn" ]; then echo "${0##*/}: can't run $firn" >&2; exit 2; fi
}

folder_free() { chmod -R u+w "$folder"; rm -rf "$folder"; }
folder_new() { # [MKTEMP'S OPTIONS...]
  folder=$(mktemp -d "$@") && folder=$(cd "$folder" && pwd -P) || exit 2
  trap folder_free EXIT
  trap 'exit 2' HUP INT TERM
}
# In memory, where what is written is durable at once.
folder_new_in_memory() { if [ -w /dev/shm ]; then folder_new -p /dev/shm; else folder_new; fi; }

pass() { passed=$((passed + 1)); }
fail() { # WHY [FILE...]
  failed=$((failed + 1))
  echo "FAIL ${name:+$name: }$1"
  shift
  for file; do [ ! -s "$file" ] || sed "12q;s/^/    ${file##*/}: /" "$file"; done
}
ended() {
  echo "$passed passed, $failed failed${1:+ ($1)}"
  [ $failed -eq 0 ] && [ $passed -gt 0 ]
}

status_is() { if [ "$status" -eq "$1" ]; then pass; else fail "exit status $status, expected $1" out err; fi; }
check() {
  name=$1 wanted=$2
  shift 2
  "$firn" "$@" <"$in" >out 2>err
  status=$?
  in=/dev/null
  status_is "$wanted"
}
expect() { name=$1; shift; if "$@"; then pass; else fail "not so: $*" out err; fi; }
out_is() {
  if [ $# -eq 0 ]; then : >wanted; else printf '%s\n' "$@" >wanted; fi
  if cmp -s wanted out; then pass; else fail "expected on standard output: $*" out err; fi
}
has() { if grep -qF -e "$2" "$1"; then pass; else fail "no '$2' in $1" out err; fi; }
lacks() { if grep -qF -e "$2" "$1"; then fail "'$2' in $1" out err; else pass; fi; }
same() { if cmp -s "$1" "$2"; then pass; else fail "$1 and $2 differ"; diff "$1" "$2" | sed '5q;s/^/    /'; fi; }
empty() { if [ -s "$1" ]; then fail "$1 is not empty" "$1"; else pass; fi; }
filled() { if [ -s "$1" ]; then pass; else fail "$1 is empty"; fi; }
quiet() { empty err; }

# Of what --stats writes: the fuel; and all that the guest itself says, without the statistics and what the command says.
fuel_of() { sed -n 's/^fuel used *//p' "$1"; } # FILE, or -
report_of() { grep -v '^firn: \|^state hash  \|^fuel used  \|^memory \|^output  \|^tasks  \|^module  \|^heap   \|^specialisations \|^compiled  \|^left  \|^cpu time  ' "$1"; }
