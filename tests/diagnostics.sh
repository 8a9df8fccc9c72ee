#!/bin/sh
# diagnostics.sh - every message of the compiler has a program that shows it.
#
#   sh tests/diagnostics.sh FIRN
#
# Each row of compiler/diag.def must be reported somewhere in compiler/, and its code must stand in the expectations (`//! error[E0000]: ...` or
# `//! warning[W0000]: ...`, the whole message with its carets) of a program under tests/programs, which the runner checks. Programs that must be
# large are made here, and tested for the code alone. `beyond` lists what no program can show, with the reason.

if [ $# -ne 1 ]; then echo "usage: diagnostics.sh FIRN" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
folder_new

beyond="
E0023 a source of 2 GiB
E0505 a library that lacks what the compiler counts on
E0605 memory that ends
"

# made CODE: the program on standard input is rejected with CODE.
made() {
  cat >"$folder/made.firn"
  "$firn" build -o "$folder/made.fmod" "$folder/made.firn" >/dev/null 2>"$folder/err"
  status=$?
  if [ $status -eq 2 ] && grep -q "^error\[$1\]: " "$folder/err"; then echo "$1" >>"$folder/shown"; else fail "no $1 from a program made for it (status $status)"; fi
}

grep -rhoE '^//! (error\[E|warning\[W)[0-9]{4}\]' tests/programs | grep -oE '[EW][0-9]{4}' >"$folder/shown"
awk 'BEGIN { print "fn f() -> int {\n  var n = 0"; for (i = 0; i < 150000; i++) print "  n += n * n - n"; print "  n\n}\nprint(f())" }' | made E0602
awk 'BEGIN { print "fn f() -> int {\n  var n = 0"; for (i = 0; i < 65600; i++) print "  let a" i " = f()"; for (i = 0; i < 65600; i++) print "  n += a" i
             print "  n\n}\nprint(f())" }' | made E0603
awk 'BEGIN { print "fn f(n: int) -> int => match n {\n  0"; for (i = 1; i < 10000; i++) print "  | " i; print "  => 1\n  _ => 0\n}\nprint(f(1))" }' | made E0604

sed -nE 's/^DIAG\("([EW][0-9]+)", ([A-Z0-9_]+),.*/\1 \2/p' compiler/diag.def >"$folder/rows"
while read -r code row; do
  if ! grep -qwE "DIAG_$row" compiler/*.c; then fail "$code $row is never reported"
  elif echo "$beyond" | grep -q "^$code "; then pass
  elif grep -q "^$code\$" "$folder/shown"; then pass
  else fail "$code $row: no program in tests/programs shows it"; fi
done <"$folder/rows"
for code in $(sort -u "$folder/shown"); do
  if ! grep -q "^$code " "$folder/rows"; then fail "$code is shown by a test and is not in compiler/diag.def"; fi
done
if [ "$(cut -d' ' -f1 "$folder/rows" | sort | uniq -d)" ]; then fail "a code stands in two rows of compiler/diag.def"; fi

# docs/diagnostics/ explains each row under its name. The wrong example gives just that code, the right one no message. `untold` have no examples: what no
# program of a few lines shows.
untold="E0001 E0002 E0021 E0023 E0109 E0219 E0319 E0425 E0445 E0505 E0601 E0602 E0603 E0604 E0605"
while read -r code row; do mkdir -p "$folder/explained/$code"; done <"$folder/rows"
cat docs/diagnostics/*.md | awk -v folder="$folder/explained/" '
  /^## [EW][0-9]+: / { code = substr($2, 1, 5); print code, toupper(substr($0, 11)) > (folder "rows") }
  /^```firn/ { out = folder code "/" ($2 == "" ? "right.firn" : $2 == "wrong" ? "wrong.firn" : $2); printf "" > out; next }
  /^```/ { close(out); out = ""; next }
  out { print > out }'
tr ' ' '_' <"$folder/explained/rows" | sed 's/_/ /' | sort >"$folder/explained/names"
if sort "$folder/rows" | diff - "$folder/explained/names" >"$folder/err"; then pass; else fail "docs/diagnostics and compiler/diag.def differ"; cat "$folder/err"; fi
while read -r code row; do
  wrong=$folder/explained/$code/wrong.firn right=$folder/explained/$code/right.firn
  if echo "$untold" | grep -qw "$code"; then
    if [ -e "$wrong" ]; then fail "$code has an example, and is said to have none"; else pass; fi
    continue
  fi
  "$firn" check "$wrong" >/dev/null 2>"$folder/err"
  shown=$(sed -nE 's/^(error|warning)\[(.*)\]: .*/\2/p' "$folder/err" | sort -u | tr '\n' ' ')
  if [ "$shown" = "$code " ]; then pass; else fail "the wrong example of $code $row gives '$shown'"; fi
  if "$firn" check "$right" >"$folder/err" 2>&1 && ! [ -s "$folder/err" ]; then pass; else fail "the right example of $code $row is not right"; head -4 "$folder/err"; fi
  if "$firn" explain "$code" >"$folder/out" 2>&1 && grep -q "^$code: " "$folder/out"; then pass; else fail "firn explain $code"; fi
done <"$folder/rows"

# What is there to be read has no warnings.
for file in examples/*.firn bench/programs/*.firn; do
  if "$firn" check --warn=error "$file" 2>"$folder/err"; then pass; else fail "$file has warnings"; head -5 "$folder/err"; fi
done

ended
