#!/bin/sh
# freeze.sh - tests of frozen programs on the command line: `firn run --freeze`, `firn thaw`, `firn image`, guest.freeze.
#
#   sh tests/freeze.sh FIRN
#
# `check NAME STATUS ARGS...`, `expect NAME CONDITION...` and the conditions are those of cli.sh. First, programs of tests/programs are run in slices of
# fuel, each ended by freezing to a file that a new process thaws, the tiers taking turns: output, status and fuel must be those of one run.
# The last line is `N passed, N failed`; the exit status is 0 when none failed. Nothing outside a folder of its own is written.

if [ $# -ne 1 ]; then echo "usage: freeze.sh FIRN" >&2; exit 2; fi
case $1 in /*) firn=$1 ;; *) firn=$PWD/$1 ;; esac
if [ ! -x "$firn" ]; then echo "freeze.sh: can't run $firn" >&2; exit 2; fi
programs=$PWD/tests/programs
folder=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 2 # in memory: what is durable there is so at once
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
cd "$folder" || exit 2
LC_ALL=C; export LC_ALL

passed=0 failed=0 name="" in=""
pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  echo "FAIL $name: $1"
  shift
  for file; do [ ! -s "$file" ] || sed "5q;s/^/    $file: /" "$file"; done
}
check() {
  name=$1 wanted=$2
  shift 2
  if [ -n "$in" ]; then "$firn" "$@" <"$in" >out 2>err; else "$firn" "$@" </dev/null >out 2>err; fi
  status=$?
  in=""
  if [ $status -eq "$wanted" ]; then pass; else fail "exit status $status, expected $wanted" out err; fi
}
expect() { name=$1; shift; if "$@"; then pass; else fail "not so: $*"; fi; }
out_is() { printf '%s\n' "$@" >wanted; if cmp -s wanted out; then pass; else fail "expected on standard output: $*" out err; fi; }
has() { if grep -qF -e "$2" "$1"; then pass; else fail "no '$2' in $1" out err; fi; }
same() { if cmp -s "$1" "$2"; then pass; else fail "$1 and $2 differ"; fi; }
empty() { if [ -s "$1" ]; then fail "$1 is not empty" "$1"; else pass; fi; }
fuel_of() { sed -n 's/^fuel used *//p' "$1"; }

# Slices

# What a guest says on standard error by itself: without the statistics and what the command says.
report_of() { grep -v '^firn: \|^state hash  \|^fuel used  \|^memory \|^output  \|^tasks  \|^module  \|^heap   \|^specialisations \|^cpu time  ' "$1"; }

# sliced SLICE: runs whole.fmod in slices, to sliced.out, sliced.report, sliced.fuel; the exit status is the program's.
sliced() {
  tier=interp
  "$firn" run --fuel="$1" --freeze=slice.fimg --stats whole.fmod </dev/null >sliced.out 2>slice.err
  status=$?
  while [ $status -eq 3 ] && grep -q 'out of fuel' slice.err; do
    if [ $tier = interp ]; then tier=oracle; else tier=interp; fi
    "$firn" thaw --tier=$tier --fuel="$1" --freeze=slice.fimg --stats slice.fimg </dev/null >>sliced.out 2>slice.err
    status=$?
  done
  report_of slice.err >sliced.report
  fuel_of slice.err >sliced.fuel
  return $status
}

SLICES_MAX=45 # slices of one run; a program is run with each size of slice that it takes at most so many of
run_in_slices() {
  "$firn" run --fuel=40000 --stats whole.fmod </dev/null >whole.out 2>whole.err
  whole=$?
  fuel_of whole.err >whole.fuel
  used=$(cat whole.fuel)
  [ -n "$used" ] && [ "$used" -gt 0 ] && ! grep -q 'out of fuel' whole.err || return
  report_of whole.err >whole.report
  any=0
  for slice in 1 2 3 7 1000; do
    [ $((used / slice)) -le $SLICES_MAX ] || continue
    any=1
    sliced $slice
    status=$?
    name="$1 in slices of $slice"
    if [ $status -eq $whole ]; then pass; else fail "exit status $status, expected $whole" slice.err; fi
    same sliced.out whole.out; same sliced.report whole.report; same sliced.fuel whole.fuel
  done
  count=$((count + any))
}

# The smallest, and some of the others; no program that reads the clock or takes what only a file says.
count=0
for program in "$programs"/*/*.firn; do
  case $program in */rejected/* | */diagnostics/*) continue ;; esac
  grep -q '^//?\|^import \(time\|fs\|env\)' "$program" && continue
  n=$((n + 1))
  [ $((n % 8)) -eq 0 ] || [ "$(wc -c <"$program")" -lt 60 ] || continue
  "$firn" build "$program" -o whole.fmod 2>/dev/null && run_in_slices "$program"
done
for code in '' 'print(1)' 'exit(3)' 'let a = [1, 2]; a[2] = 1' 'var n = 0; while n < 8 { n += 1 }; print(n)' 'fn f(n: int) -> int => if n < 1 { 0 } else { 1 + f(n - 1) }; print(f(4))'; do
  "$firn" build -e "$code" -o whole.fmod && run_in_slices "-e '$code'"
done
expect "programs enough: $count" test $count -ge 50

# Images
cat >state.firn <<'END'
class Node { value: int; var next: Node? = nil }
enum Shape { dot; line(float); box(w: float, h: float) }
var total = 0
let ring = Node(value: 1, next: Node(value: 2))
ring.next!.next = ring
let counts = ["one": 1, "two": 2]
let shapes: [Shape] = [.dot, .line(0.5), .box(1.0, 2.0)]
let add = |n: int| { total += n }
for i in 0..1000 {
  add(i)
  counts["k{i % 7}"] = i
}
print(total, counts, shapes, ring.next!.value)
END
check 'a whole run' 0 run --stats state.firn; cp out state.out; fuel_of err >state.fuel
check 'freeze' 3 run --fuel=9000 --freeze=a.fimg state.firn; empty out; has err 'out of fuel'
check 'freeze on the other tier' 3 run --tier=oracle --fuel=9000 --freeze=b.fimg state.firn; same a.fimg b.fimg
check 'thaw' 0 thaw --stats a.fimg; same out state.out; fuel_of err >thawed.fuel; same thawed.fuel state.fuel
check 'thaw on the other tier' 0 thaw --tier=oracle a.fimg; same out state.out
in=a.fimg; check 'thaw -' 0 thaw -; same out state.out
check 'thaw and freeze at once' 3 thaw --fuel=0 --freeze=c.fimg a.fimg; same a.fimg c.fimg
check 'thaw into the same file' 3 thaw --fuel=500 --freeze=c.fimg c.fimg
check 'thaw that' 0 thaw --stats c.fimg; same out state.out; fuel_of err >thawed.fuel; same thawed.fuel state.fuel
for mode in thaw clone hop,step thaw,clone,gc,100; do
  check "thaw --stress=$mode" 0 thaw --stress=$mode a.fimg; same out state.out
done
expect 'nothing else is written' test "$(ls ./*.tmp 2>/dev/null)" = ''
check 'image' 0 image a.fimg; has out 'module   '; has out 'fuel     '; has out 'task 1'; has out 'state.firn:'; has out 'heap     '; has out 'Node'; has out 'Shape'; has out '[string: int]'
check 'image and stripped module' 0 build --strip state.firn -o state.fmod
check 'freeze a stripped module' 3 run --fuel=9000 --freeze=s.fimg state.fmod
check 'image of it' 0 image s.fimg; has out '(pc '
check 'thaw it' 0 thaw s.fimg; same out state.out
check 'enough fuel freezes nothing' 0 run --fuel=1M --freeze=none.fimg state.firn; expect 'no image' test ! -e none.fimg
check 'a failed program freezes nothing' 1 run --freeze=none.fimg -e 'panic("x")'; expect 'no image' test ! -e none.fimg

# Modules by name only
check 'refer' 3 run --refer --fuel=9000 --freeze=r.fimg state.firn
expect 'it is smaller' test "$(wc -c <r.fimg)" -lt "$(wc -c <a.fimg)"
check 'image of it' 0 image --module=state.firn r.fimg; has out '(not in the image)'
check 'thaw it' 0 thaw --module=state.firn r.fimg; same out state.out
check 'thaw it without' 2 thaw r.fimg; has err 'needs module'; empty out
check 'image without' 2 image r.fimg; has err 'needs module'
check 'thaw it with another' 2 thaw --module=s.fimg r.fimg; empty out
printf 'print(1)\n' >other.firn
check 'thaw it with another program' 2 thaw --module=other.firn r.fimg; has err 'needs module'; empty out
check 'a whole image with another program' 0 thaw --module=other.firn a.fimg; same out state.out
check 'a module that is not there' 2 thaw --module=nowhere.firn a.fimg; has err nowhere.firn
check 'refer again' 3 thaw --refer --fuel=10 --freeze=r2.fimg a.fimg
check 'thaw that' 0 thaw --module=state.firn r2.fimg; same out state.out

# Arguments and the stack
cat >args.firn <<'END'
fn deep(n: int) -> int => if n == 0 { 0 } else { 1 + deep(n - 1) }
fn main(args: [string]) -> int { print(deep(1000), args); args.len() }
END
check 'arguments' 3 run --fuel=3000 --freeze=args.fimg args.firn one '' 'three words'
check 'they are in the image' 3 thaw args.fimg; out_is '1000 ["one", "", "three words"]'
check 'image of a deep stack' 0 image args.fimg; has out ' more ...'; has out 'args     one  three words'
check 'a stack too small for the image' 2 thaw --stack=64K args.fimg; has err 'stack'
check 'a small stack' 3 run --stack=512K --fuel=3000 --freeze=small.fimg args.firn
check 'a stack large enough' 0 thaw --stack=512K small.fimg; out_is '1000 []'

# Standard input
cat >lines.firn <<'END'
var n = 0
while let line = read_line() { n += 1; if n % 1000 == 0 || n < 4 { print(n, line) } }
print(n, "lines")
END
awk 'BEGIN { for (i = 1; i <= 20000; i++) print "line", i }' >long.in
"$firn" lines.firn <long.in >lines.out
{ "$firn" run --fuel=100 --freeze=lines.fimg lines.firn; echo "status $?"; "$firn" thaw --fuel=50000 --freeze=lines.fimg lines.fimg; echo "status $?"; "$firn" thaw lines.fimg; } <long.in >out 2>err
grep -v '^status 3$' out >joined; name='input that was read ahead'; same joined lines.out; expect 'in three parts' test "$(grep -c '^status 3$' out)" -eq 2
cat long.in | { "$firn" run --fuel=100 --freeze=lines.fimg lines.firn; "$firn" thaw lines.fimg; } >out 2>err
name='input from a pipe'; same out lines.out

# Signals
wait_for() { # a file that grows
  tries=0
  while [ ! -s "$1" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  [ -s "$1" ]
}
cat >busy.firn <<'END'
print("ready")
var n = int(read_line() ?? "") ?? 0
while n != 7 { n = n +% 2 }
END
echo 0 >number
for tier in interp oracle; do
  rm -f out busy.fimg
  "$firn" run --tier=$tier --freeze=busy.fimg --freeze-on=TERM busy.firn <number >out 2>err &
  expect "$tier is computing" wait_for out
  kill -TERM $!; wait $!; status=$?
  name="signal while computing, $tier"; if [ $status -eq 3 ]; then pass; else fail "exit status $status" err; fi
  check 'the image' 0 image busy.fimg; has out 'busy.firn:3:'
  check 'goes on' 3 thaw --fuel=100000 busy.fimg; empty out
done
cat >ask.firn <<'END'
print("ready")
print("got", read_line() ?? "nothing")
END
for signal in TERM USR1; do
  rm -f out ask.fimg pipe; mkfifo pipe
  "$firn" run --freeze=ask.fimg --freeze-on=$signal ask.firn <pipe >out 2>err &
  exec 9>pipe
  expect 'is waiting' wait_for out
  printf 'half a ' >&9; sleep 0.2
  kill -$signal $!; wait $!; status=$?
  exec 9>&-
  name="SIG$signal while waiting"; if [ $status -eq 3 ]; then pass; else fail "exit status $status" err; fi
  printf 'line\n' >rest
  in=rest; check 'reads on' 0 thaw ask.fimg; out_is 'got half a line'
done
check 'goes on at the end of input' 0 thaw ask.fimg; out_is 'got half a '

cat >sleep.firn <<'END'
import time
fn nap(seconds: float, name: string) { time.sleep(seconds); print(name) }
print("ready")
let tasks = [spawn nap(0.6, "second"), spawn nap(0.5, "first")]
for task in tasks { task.wait() }
END
rm -f out
"$firn" run --freeze=sleep.fimg --freeze-on=TERM sleep.firn >out 2>err &
expect 'sleeps' wait_for out
kill -TERM $!; wait $!; status=$?
name="signal while sleeping"; if [ $status -eq 3 ]; then pass; else fail "exit status $status" err; fi
check 'sleeps on' 0 thaw sleep.fimg; out_is 'first
second'

# guest.freeze
cat >self.firn <<'END'
import guest
fn main(args: [string]) {
  let path = args.first() ?? "self.fimg"
  let kept = ["a", "b"]
  match guest.freeze(path) {
    .ok(how) => print(how, kept)
    .err(e) => print("error:", e.message())
  }
  print("end")
}
END
check 'guest.freeze' 0 self.firn; out_is '.frozen ["a", "b"]' end
check 'its image' 0 thaw self.fimg; out_is '.thawed ["a", "b"]' end
check 'its image on the other tier' 0 thaw --tier=oracle self.fimg; out_is '.thawed ["a", "b"]' end
check 'the other tier' 0 run --tier=oracle self.firn other.fimg; out_is '.frozen ["a", "b"]' end
check 'no such folder' 0 self.firn nowhere/x; has out 'error: '; has out 'nowhere/x'; has out 'No such file'; has out end
mkdir taken
check 'a folder' 0 self.firn taken; has out 'error: '; has out end
mkdir locked; chmod a-w locked
if ! touch locked/x 2>/dev/null; then check 'an unwritable folder' 0 self.firn locked/x; has out 'error: '; has out end; fi
check 'no path' 0 self.firn ''; has out 'error: '; has out end
cat >twice.firn <<'END'
import guest
for i in 0..3 { match guest.freeze("t{i}.fimg") { .ok(how) => print(i, how); .err(e) => print(e.message()) } }
END
check 'freezing in a loop' 0 twice.firn; out_is '0 .frozen' '1 .frozen' '2 .frozen'
check 'its second image' 0 thaw t1.fimg; out_is '1 .thawed' '2 .frozen'
check 'under stress' 0 run --stress=thaw,clone,hop twice.firn; out_is '0 .frozen' '1 .frozen' '2 .frozen'

# Wrong command lines, wrong files
check 'thaw nothing' 2 thaw; has err 'give the one image'
check 'thaw two' 2 thaw a.fimg b.fimg; has err 'give the one image'
check 'image of nothing' 2 image; has err 'give the one image'
check 'no such image' 2 thaw nowhere.fimg; has err nowhere.fimg
check 'a folder for an image' 2 thaw taken; has err taken
check 'freeze into a folder' 1 run --fuel=10 --freeze=taken state.firn; has err taken
check 'freeze into no folder' 1 run --fuel=10 --freeze=nowhere/x state.firn; has err 'nowhere/x'
check 'freeze without a name' 2 run --fuel=10 --freeze= state.firn
check 'freeze-on without freeze' 2 run --freeze-on=TERM state.firn; has err '--freeze='
check 'thaw, freeze-on without freeze' 2 thaw --freeze-on=TERM a.fimg; has err '--freeze='
check 'an unknown signal' 2 run --freeze=x --freeze-on=KILL state.firn; has err KILL
check 'thaw takes no program' 2 thaw --eval='print(1)' a.fimg
check 'build freezes nothing' 2 build --freeze=x state.firn
check 'a module for an image' 2 thaw state.fmod; has err 'not an image'
check 'a source for an image' 2 thaw state.firn; has err 'not an image'
check 'an empty image' 2 thaw /dev/null; has err 'cut short'
check 'an image for a program' 2 run a.fimg
size=$(wc -c <a.fimg)
for length in 1 7 8 9 15 16 40 $((size / 2)) $((size - 9)) $((size - 8)) $((size - 1)); do
  head -c "$length" a.fimg >cut.fimg
  check "cut to $length" 2 thaw cut.fimg; has err 'bad image'; empty out
done
{ cat a.fimg; printf x; } >more.fimg
check 'something behind' 2 thaw more.fimg; has err 'something follows'; empty out
{ printf '\000fim\377\000\000\000'; tail -c +9 a.fimg; } >later.fimg
check 'a later version' 2 thaw later.fimg; has err 'version'; empty out
for at in 9 13 30 $((size / 3)) $((size / 2)) $((size - 12)); do
  byte=$(tail -c +"$at" a.fimg | head -c 1 | od -An -tu1)
  { head -c $((at - 1)) a.fimg; printf "\\$(printf %o $((byte ^ 85)))"; tail -c +$((at + 1)) a.fimg; } >damaged.fimg
  check "damaged at $at" 2 thaw damaged.fimg; has err 'bad image'; empty out
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
