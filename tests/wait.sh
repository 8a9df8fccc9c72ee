#!/bin/sh
# wait.sh - tests of programs whose tasks wait: for a time, for standard input of every kind; freezing and interrupting them.
#
#   sh tests/wait.sh FIRN
#
# `check`, `expect` and what looks at output are those of library.sh; `comes FILE TEXT` waits until a file has a text.

if [ $# -ne 1 ]; then echo "usage: wait.sh FIRN" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
folder_new
cd "$folder" || exit 2
patience=$((100 * ${CK_TIMEOUT_MULTIPLIER:-1}))

comes() {
  tries=0
  while ! grep -qF -e "$2" "$1" 2>/dev/null && [ $tries -lt $patience ]; do sleep 0.05; tries=$((tries + 1)); done
  grep -qF -e "$2" "$1"
}

# One task reads, another goes on meanwhile. Each line is sent only when the other task has been seen to go on since the line before.
cat >ticker.firn <<'END'
import time
fn ticks(n: int) { for i in 0..n { time.sleep(0.02); print("tick", i) } }
let ticker = spawn ticks(1000000)
print("ready")
while let line = read_line() { print("got", line) }
print("end")
END
for tier in interp oracle; do
  rm -f pipe out; mkfifo pipe
  "$firn" run --tier=$tier ticker.firn <pipe >out 2>err &
  exec 9>pipe
  expect "$tier: ticks while nothing can be read" comes out 'tick 3'
  echo one >&9
  expect "$tier: a line" comes out 'got one'
  count=$(grep -c tick out); expect "$tier: ticks after it" comes out "tick $((count + 3))"
  printf 'half a ' >&9
  count=$(grep -c tick out); expect "$tier: ticks during half a line" comes out "tick $((count + 3))"
  printf 'line\nand\nmore' >&9
  expect "$tier: the whole line" comes out 'got half a line'
  expect "$tier: another" comes out 'got and'
  exec 9>&-
  wait $!; status=$?
  name="$tier: ends"; status_is 0; has out 'got more'; has out 'end'
done

# Several readers: lines go to them in the order in which they asked.
cat >readers.firn <<'END'
import time
fn reads(name: string) { print(name, read_line() ?? "nil"); print(name, read_line() ?? "nil") }
let tasks = [spawn reads("a"), spawn reads("b"), spawn reads("c")]
time.sleep(0.0)
print("asked")
for task in tasks { task.wait() }
END
rm -f pipe; mkfifo pipe
"$firn" readers.firn <pipe >out 2>err &
exec 9>pipe
expect 'all have asked' comes out asked
echo 1 >&9; expect 'the first reader' comes out 'a 1'
echo 2 >&9; expect 'the second reader' comes out 'b 2'
echo 3 >&9; expect 'the third reader' comes out 'c 3'
printf '4\n5\n' >&9; expect 'two lines at once' comes out 'b 5'
exec 9>&-
wait $!; status=$?
name='readers'; status_is 0; out_is asked 'a 1' 'b 2' 'c 3' 'a 4' 'b 5' 'c nil'

# Every kind of standard input.
cat >lines.firn <<'END'
var n = 0
while let line = read_line() { n += 1; if n < 3 || line.len() > 100000 { print(line.len(), if line.is_empty() { "" } else { line[..1] }) } }
print(n, read_line() ?? "nil")
END
printf 'one\n\nthree' >three
printf 'x\r\nyy\r\n' >ends
{ printf 'a\n'; awk 'BEGIN { for (i = 0; i < 30000; i++) printf "bbbbbbbbbb"; print ""; for (i = 0; i < 40000; i++) print i }'; } >long
in=three; check 'a file' 0 lines.firn; out_is '3 o' '0 ' '3 nil'
in=ends; check 'ends of other systems' 0 lines.firn; out_is '1 x' '2 y' '2 nil'
in=long; check 'a long file' 0 lines.firn; out_is '1 a' '300000 b' '40002 nil'
check 'nothing' 0 lines.firn; out_is '0 nil'
name='closed input'; "$firn" lines.firn <&- >out 2>err; status=$?; status_is 0; out_is '0 nil'
name='a folder'; "$firn" lines.firn <. >out 2>err; status=$?; status_is 0; out_is '0 nil'
name='a pipe'; cat three | "$firn" lines.firn >out 2>err; status=$?; status_is 0; out_is '3 o' '0 ' '3 nil'
name='a slow pipe'; { for part in on e '\n' '\nthr' ee; do printf "$part"; sleep 0.02; done; } | "$firn" lines.firn >out 2>err; out_is '3 o' '0 ' '3 nil'
name='a long slow pipe'; { head -c 100000 long; sleep 0.05; tail -c +100001 long; } | "$firn" lines.firn >out 2>err; has out '300000 b'; has out '40002 nil'
name='a non-blocking pipe'
if python3 -c '' 2>/dev/null; then
  { sleep 0.1; cat three; } | python3 -c 'import os, sys; os.set_blocking(0, False); os.execv(sys.argv[1], sys.argv[1:])' "$firn" lines.firn >out 2>err; out_is '3 o' '0 ' '3 nil'
fi
name='the pipe stays as it was'
if python3 -c '' 2>/dev/null; then
  { sleep 0.1; echo x; sleep 0.1; } | { "$firn" run -e 'print(read_line() ?? "nil")' >out 2>err; python3 -c 'import os; print(os.get_blocking(0))' >>out; }; out_is x True
fi

# Sleeping
cat >many.firn <<'END'
import time
var woken: [int] = []
fn nap(i: int) { time.sleep(float(i * 7 % 10) / 50.0); woken.push(i * 7 % 10) }
let tasks = (0..1000).map(|i| spawn nap(i)).to_list()
let start = time.micros()
for task in tasks { task.wait() }
let took = time.micros() - start
print(woken.len(), woken == woken.sorted(), took >= 180000)
END
check 'a thousand tasks sleep' 0 many.firn; out_is '1000 true true'
check 'on the other tier' 0 run --tier=oracle many.firn; out_is '1000 true true'
check 'waiting costs no fuel' 0 run --stats -e 'import time
time.sleep(0.1)'; grep '^fuel used' err >short
check 'however long' 0 run --stats -e 'import time
time.sleep(0.3)'; grep '^fuel used' err >wanted; expect 'the same fuel' cmp -s short wanted
cat >turns.firn <<'END'
import time
fn say(text: string) { print(text); time.sleep(0.0); print(text) }
let tasks = [spawn say("a"), spawn say("b")]
for task in tasks { task.wait() }
time.sleep(-1.0)
END
check 'sleeping for no time gives way' 0 turns.firn; out_is a b a b
cat >compute.firn <<'END'
import time
var awake = false
fn nap() { time.sleep(0.05); awake = true }
let task = spawn nap()
fn busy(n: int) -> int { var x = 0; for i in 0..n { x = x +% i }; x }
let start = time.micros()
while !awake && time.micros() - start < 20000000 { (spawn busy(1000)).wait() }
print(awake)
END
check 'a sleeper wakes while others compute' 0 compute.firn; out_is true
cat >lazy.firn <<'END'
import time
let lines = generate(|emit: fn(string)| { while let line = read_line() { time.sleep(0.01); emit(line) } })
for line in lines { print("line", line) }
END
name='waiting inside of a generator'; { sleep 0.05; cat three; } | "$firn" lazy.firn >out 2>err; out_is 'line one' 'line ' 'line three'
check 'tasks that wait are no deadlock' 0 -e 'import time
let channel = Channel<int>()
fn sends() { time.sleep(0.02); channel.send(1) }
let task = spawn sends()
print(channel.recv() ?? 0)'; out_is 1
check 'a deadlock' 1 -e 'import time
let channel = Channel<int>()
fn sleeps() { time.sleep(0.02) }
let task = spawn sleeps()
print(channel.recv() ?? 0)'; has err 'deadlock'
check 'the end does not wait for others' 0 -e 'import time
fn sleeps() { time.sleep(1000.0) }
let task = spawn sleeps()
print("end")'; out_is end
check 'under stress' 0 run --stress=thaw,clone,hop,step turns.firn; out_is a b a b
check 'a generator under stress' 0 run --stress=thaw,clone,hop,step lazy.firn
name='readers under stress'; { for i in 1 2 3 4 5; do sleep 0.02; echo $i; done; } | "$firn" run --stress=thaw,clone,hop,step readers.firn 2>err | sed '/asked/d;s/^[abc] //' >out; out_is 1 2 3 4 5 nil

# Freezing while everything waits
cat >frozen.firn <<'END'
import time
fn nap(seconds: float, name: string) { time.sleep(seconds); print(name) }
fn reads() { print("got", read_line() ?? "nil") }
print("ready")
let tasks = [spawn nap(0.9, "third"), spawn nap(0.5, "first"), spawn reads(), spawn nap(0.7, "second")]
for task in tasks { task.wait() }
END
rm -f pipe; mkfifo pipe
"$firn" run --freeze=frozen.fimg --freeze-on=TERM frozen.firn <pipe >out 2>err &
exec 9>pipe
expect 'begins' comes out ready
printf 'half ' >&9; sleep 0.1
kill -TERM $!; wait $!; status=$?
exec 9>&-
name='frozen while it waits'; status_is 3; out_is ready
check 'image' 0 image frozen.fimg; has out 'waits for time.wait'; has out 'waits for io.read_line'
printf 'a line\n' >rest
for tier in interp oracle; do
  in=rest; check "thawed, $tier" 0 thaw --tier=$tier frozen.fimg; out_is 'got half a line' first second third
done
check 'thawed at the end of input' 0 thaw frozen.fimg; out_is 'got half ' first second third
"$firn" run --freeze=long.fimg --freeze-on=USR1 -e 'import time
print("ready"); time.sleep(0.6); print("end")' >out 2>err &
expect 'begins' comes out ready
kill -USR1 $!; wait $!
sleep 0.7
start=$(date +%s%N); check 'thaw a sleeper' 0 thaw long.fimg; end=$(date +%s%N); out_is end
expect 'it slept on' test $(((end - start) / 1000000)) -ge 200

# Interrupting
"$firn" run -e 'import time
print("ready"); time.sleep(100.0)' >out 2>err &
expect 'sleeps' comes out ready
kill -TERM $!; wait $! 2>/dev/null; status=$?
name='a signal ends it'; status_is 143

# On a terminal
if python3 -c '' 2>/dev/null; then
  typed() { name=$1; shift; python3 "$tests/repl.py" "$@" >out 2>err; status=$?; }
  typed 'a terminal' "$firn ticker.firn" "$folder" '=>tick 2' 'one\r=>got one' '=>tick' '^D=>end'; status_is 0
  typed 'Ctrl-C' "$firn ticker.firn" "$folder" '=>tick 2' '^C'; status_is 254; has out 'tick 2'
  typed 'the REPL waits for a line' "$firn" "$folder" 'read_line()\r' 'typed\r=>"typed"' '1 + 1\r=>2' '^D'; status_is 0
  typed 'the REPL sleeps, and is interrupted' "$firn" "$folder" 'import time\r=>>>>' 'time.sleep(100.0)\r' '^C=>interrupted' '3 + 4\r=>7' '^D'; status_is 0
  typed 'a reader that was interrupted reads no more' "$firn" "$folder" 'for x in generate(|emit: fn(string?)| { emit(read_line()) }) { print(x ?? "") }\r' '^C=>interrupted' \
    'read_line()\r' 'typed\r=>"typed"' '^D'; status_is 0
  typed 'a task that sleeps goes on with later inputs' "$firn" "$folder" 'import time\r=>>>>' 'fn f() -> int { time.sleep(0.3); 41 }\r=>>>>' 'let t = spawn f()\r=>>>>' \
    't.done()\r=>false' 't.wait() + 1\r=>42' '^D'; status_is 0
fi
"$firn" repl >out 2>err <<'END'
import time
fn later() { time.sleep(0.02); print("later") }
let t = spawn later()
print("now"); t.wait()
read_line()
this line
:undo
"end"
END
status=$?; name='the REPL in a pipe'; status_is 0; out_is now later '"this line" : string?' '"end" : string'

ended
