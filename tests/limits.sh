#!/bin/sh
# limits.sh - tests of what a program may use: --timeout, --output-limit, --tasks, --module-size, --specialisations; and that --stats shows it.
#
#   sh tests/limits.sh FIRN
#
# `check` is that of library.sh; `ends SECONDS ...` is a check that must take less time than that. What programs do within their limits, and how they are held to
# fuel and memory, test_adversary and test_quota test.

if [ $# -ne 1 ]; then echo "usage: limits.sh FIRN" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
folder_new
cd "$folder" || exit 2

ends() {
  most=$1; shift
  began=$(date +%s); check "$@"; took=$(($(date +%s) - began))
  if [ $took -le "$most" ]; then pass; else fail "took $took seconds"; fi
}

# Calls of f with lists of lists of ...
calls='' value=1
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do calls="$calls f($value);" value="[$value]"; done
for tier in interp oracle; do
  ends 5 "$tier: a loop" 3 run --tier=$tier --timeout=0.2s -e 'while true {}'; has err 'out of time'
  ends 5 "$tier: sleeping" 3 run --tier=$tier --timeout=200ms -e 'import time
print(1); time.sleep(1000.0)'; has err 'out of time'; out_is 1
  ends 5 "$tier: sleeping often" 3 run --tier=$tier --timeout=200ms -e 'import time
while true { time.sleep(0.0) }'; has err 'out of time'
  ends 5 "$tier: sleeping tasks" 3 run --tier=$tier --timeout=200ms -e 'import time
fn f() { while true { time.sleep(0.0001) } }
for _i in 0..100 { spawn f() }
f()'; has err 'out of time'
  check "$tier: in time" 0 run --tier=$tier --timeout=1h -e 'print(1)'; out_is 1
  check "$tier: output" 4 run --tier=$tier --output-limit=4 -e 'while true { print(1) }'; has err 'over the limit of 4 bytes of output'; has err 'at top level'; out_is 1 1
  check "$tier: as much output" 0 run --tier=$tier --output-limit=4 -e 'print(1); print(2)'; out_is 1 2
  check "$tier: errors are output" 4 run --tier=$tier --output-limit=4 -e 'extern "console" fn write_error(s: string)
write_error("12345")'; has err 'bytes of output'
  check "$tier: files are output" 4 run --tier=$tier --output-limit=4 -e 'import fs
try fs.write_text("f", "12345")'; has err 'bytes of output'
  check "$tier: tasks" 4 run --tier=$tier --tasks=3 -e 'import time
for _i in 0..5 { print(_i); spawn time.sleep(0.0) }'; has err 'over the limit of 3 tasks'; out_is 0 1 2
  check "$tier: tasks that end" 0 run --tier=$tier --tasks=2 -e 'fn f() {}
for _i in 0..5 { (spawn f()).wait() }'
  check "$tier: specialisations" 1 run --tier=$tier --specialisations=0 -e "fn f<T>(_x: T) {}
$calls"; has err 'too many specialisations'
  check "$tier: a large module" 4 run --tier=$tier --module-size=50 -e 'print("a longer text than that")'; has err 'bytes for a module'
done
mkfifo pipe; sleep 20 >pipe & sleeper=$!
name='reading'; began=$(date +%s); "$firn" run --timeout=0.2 -e 'print(read_line() ?? "nil")' <pipe >out 2>err; status=$?; kill $sleeper
if [ $status -eq 3 ] && [ $(($(date +%s) - began)) -le 5 ]; then pass; else fail "exit status $status" out err; fi
has err 'out of time'
ends 5 'an image when time is up' 3 run --timeout=0.2 --freeze=late.fimg -e 'var n = 0
while n < 10_000_000_000 { n += 1 }'; has err 'out of time'
ends 5 'which goes on' 3 thaw --timeout=0.2 late.fimg; has err 'out of time'
printf 'test "a" { while true {} }\ntest "b" {}\n' >t.firn
ends 5 'tests' 1 test --timeout=0.2 t.firn; has out 'FAIL a'; has out 'ok   b'; has err 'out of time'
awk 'BEGIN { print "let all = ["; for (i = 0; i < 1000000; i++) print "(" i ", \"a{" i "}\"),"; print "]" }' >long.firn
ends 5 'compiling' 3 run --timeout=0.2s long.firn; has err 'out of time'
ends 5 'compiling tests' 3 test --timeout=0.2s long.firn; has err 'out of time'
rm long.firn
check 'build' 0 build -o m.fmod -e 'print("a module of some size, because of this text")'
check 'a small enough module' 0 run --module-size=1K m.fmod
check 'a module file' 4 run --module-size=60 m.fmod; has err 'a module may have 60'
check 'freeze' 3 run --fuel=1 --freeze=m.fimg -e 'while true {}'
check 'an image with its module' 2 thaw --module-size=20 m.fimg; has err 'more bytes than it may have'
check 'stats' 0 run --stats --output-limit=1M --tasks=1K --memory=1M -e 'fn f() { print("12345") }
(spawn f()).wait()'
has err 'output           6 bytes of 1048576'; has err 'tasks            2 of 1000'; has err ' bytes of 1048576'
for bad in --timeout=0 --timeout=x --timeout=-1s --timeout=1d --timeout= --output-limit=0 --tasks=-1 --module-size=x --specialisations=x --timeout=1e99; do
  check "bad flag $bad" 2 run $bad -e 'print(1)'
done
ended
