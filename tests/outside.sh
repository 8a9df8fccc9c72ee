#!/bin/sh
# outside.sh - tests of what gdb and perf see of compiled code: --jit-info.
#
#   sh tests/outside.sh FIRN
#
# What is written for perf is read by jitdump.py, if there is a python3. Where gdb or perf is missing, or may not look at processes, what they show is not
# tested, and the last line says so. `check`, `expect` and what looks at output are those of library.sh.

if [ $# -ne 1 ]; then echo "usage: outside.sh FIRN" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
if [ ! -e "${firn%/*}/firn-jit.so" ]; then echo "outside.sh: without firn-jit.so nothing is compiled" >&2; exit 0; fi
folder_new
cd "$folder" || exit 2
FIRN_JIT_CHECK=1; JITDUMPDIR=$folder; HOME=$folder; export FIRN_JIT_CHECK JITDUMPDIR HOME # perf keeps copies of programs at home
without=""
# Like check, with a map for perf, which is named by the process: it becomes the file map.
mapped() { # NAME STATUS ARGS...
  name=$1 wanted_status=$2
  shift 2
  "$firn" "$@" >out 2>err & process=$!
  wait $process
  status=$?
  mv /tmp/perf-$process.map map 2>/dev/null
  status_is "$wanted_status"
}
may() { if timeout 60 "$@" >/dev/null 2>&1; then return 0; fi; without="$without${without:+, }without $1"; return 1; }

cat >shapes.firn <<'END'
pub class Box {
  side: int
  pub fn area(self, scale: int) -> int {
    self.side * scale +
      self.side % 7
  }
}
END
cat >work.firn <<'END'
import "./shapes"

fn deep(n: int) -> int {
  if n <= 0 { return 1 }
  let below = deep(n - 1)
  below % 1000 + 3
}

fn spin(rounds: int) -> int {
  let box = shapes.Box(3)
  var total = 0
  for i in 0..rounds {
    total = (total + box.area(i)) % 1000003
  }
  total
}

fn main(arguments: [string]) {
  let rounds = int(arguments[0]) else { return }
  print(spin(rounds))
  print(deep(200), [1, 2].map(|x| x + deep(3)))
}
END
"$firn" run --jit=off work.firn 100000 >wanted 2>err
expect 'the program' test -s wanted

# Nothing that a program does depends on it: neither this one nor others.
for info in gdb perf,gdb perf,jitdump gdb,perf,jitdump; do
  mapped "--jit-info=$info" 0 run --jit=always --jit-info=$info work.firn 100000; quiet; same wanted out
done
# SOURCE: each gives what it gives without.
stays() {
  "$firn" run --jit=always --stats "$1" >wanted.other 2>err.other
  mapped "$1 seen from outside" $? run --jit=always --stats --jit-info=gdb,perf,jitdump "$1"
  same wanted.other out
  for file in err err.other; do grep -v '^compiled  \|^cpu time  \|^heap  ' $file >$file.kept; done
  same err.kept err.other.kept
}
for program in $(find "$tests/programs" -name '*.firn' ! -path '*/rejected/*' ! -path '*/diagnostics/*' | sort | awk 'NR % 60 == 7'); do stays "$program"; done

# The map.
mapped 'a map' 0 run --jit=always --jit-info=perf work.firn 1000; quiet
for symbol in work.spin work.deep shapes.Box.area 'work.top level' 'work.closure in main' 'prelude.[T].map'; do has map " firn:$symbol"; done
cp map map.all
mapped 'a loop that was hot' 0 run --jit-info=perf work.firn 20000000; quiet
expect 'the loop' grep -q ' firn:work.spin@1[23]$' map

# The jitdump: a folder with a file.
rm -rf .debug
check 'a jitdump' 0 run --jit=always --jit-info=jitdump work.firn 1000; quiet
dump=$(find .debug -name 'jit-*.dump')
expect 'a file' test -s "$dump"
if may python3 -c ''; then
  expect 'the map is right' python3 "$tests/jitdump.py" map map.all >names
  expect 'the jitdump is right' python3 "$tests/jitdump.py" dump "$dump" >lines
  has lines 'firn:work.spin '; has lines 'firn:shapes.Box.area '
  grep '^firn:work.spin ' lines >spin; has spin work.firn:13; lacks spin work.firn:5
  grep '^firn:work.deep' lines >deep; has deep work.firn:5; has deep work.firn:6
  rm -rf .debug
  check 'a jitdump of what is hot' 0 run --jit-info=jitdump work.firn 20000000; quiet
  expect 'that is right too' python3 "$tests/jitdump.py" dump "$(find .debug -name 'jit-*.dump')" >lines
  grep '^firn:work.spin@1[23]' lines >spin; has spin work.firn:13; has spin shapes.firn:4; has spin shapes.firn:5; lacks spin work.firn:5
fi

# The debugger: breakpoints by name and by line, also where a function is inlined; who called whom; sources.
debugged() { # NAME FLAGS ROUNDS, with gdb's commands on standard input
  name=$1
  { printf 'set breakpoint pending on\nset debuginfod enabled off\nset style enabled off\nset width 0\n'; cat; } >commands
  timeout 120 gdb -q -batch -x commands --args "$firn" run $2 --jit-info=gdb work.firn $3 >out 2>err </dev/null
}
line_is() { if grep -q -e "$1" out; then pass; else fail "no line like '$1'" out err; fi; }
if may gdb -q -batch -ex run --args "$firn" run --jit=off work.firn 10; then
  debugged 'gdb, all compiled' --jit=always 10 <<'END'
break Box.area
run
bt
info symbol $pc
list
delete
break deep
ignore 2 40
continue
bt
info line
delete
continue
END
  has out 'Box.area () at shapes.firn:4'; has out 'firn:shapes.Box.area'; has out 'pub class Box {'
  line_is '^#[0-9]* .* in main ('; line_is '^#[3-9] .*deep () at work.firn:5'; line_is '^Line 4 of "work.firn" starts at address'
  has out 'exited normally'
  debugged 'gdb, what is hot' --jit=on 30000000 <<'END'
break work.firn:13
run
bt
delete
break shapes.firn:5
continue
bt
kill
END
  line_is '^#0 .*spin@1[23] () at work.firn:13'; line_is '^#0 .*Box.area () at shapes.firn:5'; line_is '^#1 .*spin@1[23] () at work.firn:13'
fi

# The profiler.
if may perf record -q -o data true; then
  name=perf
  perf record -q -o data "$firn" run --jit-info=perf work.firn 20000000 >out 2>err
  perf report -i data --stdio -s sym 2>>err >names.perf
  rm -f /tmp/perf-"$(perf script -i data -F pid 2>>err | awk 'NR == 1 { print $1 }')".map
  expect 'a name' grep -q 'firn:work.spin@1[23]' names.perf
  perf record -q -k mono -o data "$firn" run --jit-info=jitdump work.firn 20000000 >out 2>err
  perf inject --jit -i data -o lines.data >>out 2>>err
  perf report -i lines.data --stdio -s sym,srcline 2>>err >lines.perf
  expect 'a name and a line' grep -q 'firn:work.spin@1[23] .*\(shapes.firn:[45]\|work.firn:1[23]\)' lines.perf
fi
ended "$without"
