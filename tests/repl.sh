#!/bin/sh
# repl.sh - tests of the REPL: through a pipe, and on a pseudo-terminal if there is a python3.
#
#   sh tests/repl.sh FIRN
#
# `session NAME` reads inputs from its standard input (a here-document), gives them to FIRN, and keeps what it wrote in out and err; then `out_is LINE...`,
# `has FILE TEXT` and `lacks FILE TEXT` look at it. `typed NAME STEP...` types on a terminal (tests/repl.py). A test that passes prints nothing; the last
# line is `N passed, N failed`; the exit status is 0 when none failed. Nothing outside a folder of its own is written.

if [ $# -ne 1 ]; then echo "usage: repl.sh FIRN" >&2; exit 2; fi
case $1 in /*) firn=$1 ;; *) firn=$PWD/$1 ;; esac
if [ ! -x "$firn" ]; then echo "repl.sh: can't run $firn" >&2; exit 2; fi
case $0 in /*) here=${0%/*} ;; *) here=$PWD/${0%/*} ;; esac
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
cd "$folder" || exit 2
HOME=$folder; XDG_STATE_HOME=$folder/state; export HOME XDG_STATE_HOME

passed=0 failed=0 name=""
pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  echo "FAIL $name: $1"
  shift
  for file; do [ ! -s "$file" ] || sed "12q;s/^/    $file: /" "$file"; done
}
session() { name=$1; shift; "$firn" repl "$@" >out 2>err; status=$?; if [ $status -eq "${wanted_status:-0}" ]; then pass; else fail "exit status $status" out err; fi; wanted_status=0; }
out_is() { if [ $# -eq 0 ]; then : >wanted; else printf '%s\n' "$@" >wanted; fi; if cmp -s wanted out; then pass; else fail "expected on standard output: $*" out err; fi; }
has() { if grep -qF -e "$2" "$1"; then pass; else fail "no '$2' in $1" out err; fi; }
lacks() { if grep -qF -e "$2" "$1"; then fail "'$2' in $1" out err; else pass; fi; }
quiet() { if [ -s err ]; then fail "standard error is not empty" err; else pass; fi; }

# Values and types
session 'values' <<'END'
1 + 2
[1, 2, 3].map(|x| x * x)
"a\n{1}"
(1, 'x', 2.5)
["a": 1]
print("side")
let void_value = 1
[1].pop()
true && false
END
out_is '3 : int' '[1, 4, 9] : [int]' '"a\n1" : string' "(1, 'x', 2.5) : (int, char, float)" '["a": 1] : [string: int]' side '1 : int?' 'false : bool'
quiet
session 'no arguments is the REPL' </dev/null; out_is; quiet
printf '40 + 2' | "$firn" >out 2>err; name='a pipe without arguments'; out_is '42 : int'
session 'a long value is shortened' <<'END'
List(3000, 7)
END
has out ' ... '; has out ' : [int]'
name='it is shorter than a page'; if [ "$(wc -c <out)" -lt 1000 ]; then pass; else fail 'too long' out; fi
session 'several statements' <<'END'
let a = 1; let b = 2; a + b
if a < b { print("less") }
for i in 0..2 { print(i) }
match a { 1 => "one"; _ => "other" }
END
out_is '3 : int' less 0 1 '"one" : string'; quiet

# Persistence
session 'variables and declarations stay' <<'END'
var n = 1
let xs = [n]
fn add(x: int) { xs.push(x) }
class Point { x: int; var y: int = 0; fn sum(self) -> int => self.x + self.y }
enum Color { red; named(name: string) }
trait Area { fn area(self) -> int }
extend Point: Area { fn area(self) -> int => self.x * self.y }
type Points = [Point]
n += 41
add(n)
xs
let p = Point(x: 3)
p.y = 4
p.sum() + p.area()
let ps: Points = [p, p]
ps
let a: Area = p
a.area()
Color.named("x")
let c: Color = .red
match c { .red => 1; .named(_) => 2 }
ps[0].y = 9
p
END
out_is '[1, 42] : [int]' '19 : int' '[Point(x: 3, y: 4), Point(x: 3, y: 4)] : [Point]' '12 : int' '.named(name: "x") : Color' '1 : int' 'Point(x: 3, y: 9) : Point'
quiet
session 'closures keep what they captured' <<'END'
fn counter() -> fn() -> int { var n = 0; || { n += 1; n } }
let next = counter()
next()
next()
let fs: [fn() -> int] = []
for i in 0..3 { fs.push(|| i * 10) }
1
fs[2]()
next()
END
out_is '1 : int' '2 : int' '1 : int' '20 : int' '3 : int'; quiet
session 'iterators go on' <<'END'
let it = [1, 2, 3, 4].iter().map(|x| x * x).filter(|x| x > 1)
it.next()
"something else"
it.next()
fn evens() -> Iterator<int> => generate(|emit| { var n = 0; while true { emit(n); n += 2 } })
let e = evens()
e.next()
e.next()
e.next()
END
out_is '4 : int?' '"something else" : string' '9 : int?' '0 : int?' '2 : int?' '4 : int?'; quiet
session 'tasks go on' <<'END'
fn work(jobs: Channel<int>, out: Channel<string>) { for n in jobs { out.send("{n * n}") } }
let jobs = Channel<int>(8)
let out = Channel<string>(8)
let w = spawn work(jobs, out)
jobs.send(3)
jobs.send(4)
jobs.close()
w.done()
w.wait()
w.done()
out.close()
for line in out { print(line) }
END
has out 9; has out 16; has out 'true : bool'; quiet
session 'aliasing and identity are kept' <<'END'
let a = [1]
let b = [a, a]
b[0].push(2)
b
class Node { var next: Node? = nil; v: int = 0 }
let n = Node(v: 1)
n.next = n
n
n.next! == n
END
out_is '[[1, 2], [1, 2]] : [[int]]' 'Node(next: Node(...), v: 1) : Node' 'true : bool'; quiet

# Redefinition
session 'a function is redefined for those who call it' <<'END'
fn f(x: int) -> int => x
fn g() -> int => f(1)
let h = || f(2)
fn f(x: int) -> int => x * 100
g()
h()
END
out_is '100 : int' '200 : int'; quiet
session 'with another signature only from now on' <<'END'
fn f(x: int) -> int => x
fn g() -> int => f(1)
fn f(x: int, y: int) -> int => x + y
g()
f(1, 2)
END
out_is '1 : int' '3 : int'; has err 'note: earlier definitions go on'
session 'variables of another type' <<'END'
let x = 1
fn g() -> int => x
let x = 2
g()
let x = "text"
x
g()
END
out_is '2 : int' '"text" : string' '2 : int'
session 'a class is redefined, old values stay' <<'END'
class P { x: int; fn twice(self) -> P => P(x: 2 * self.x) }
let p = P(x: 3)
fn x_of(p: P) -> int => p.x
x_of(p)
class P { x: int; y: int = 7 }
p
p.twice()
P(x: 1)
x_of(P(x: 5))
x_of(p)
END
out_is '3 : int' 'P(x: 3) : P (input 1)' 'P(x: 6) : P (input 1)' 'P(x: 1, y: 7) : P' '5 : int'
has err 'expected `P`, found `P (input 1)`'
session 'methods and implementations are redefined' <<'END'
extend int { fn twice(self) -> int => self * 2 }
4.twice()
extend int { fn twice(self) -> int => self * 3 }
4.twice()
class C { v: int }
extend C: Show { fn show(self) -> string => "C!" }
let c = C(v: 1)
c
extend C: Show { fn show(self) -> string => "C{self.v}" }
c
END
out_is '8 : int' '12 : int' 'C! : C' 'C1 : C'; quiet
session 'what the library has can be shadowed' <<'END'
fn min(a: int, b: int) -> string => "mine"
min(1, 2)
let string_value = string(1)
string_value
END
out_is '"mine" : string' '"1" : string'; quiet

# Mistakes, panics, errors
session 'a mistake changes nothing' <<'END'
let x = 1
let y = nope + x
let x = 1 +* 2
x
y
END
out_is '1 : int'; has err 'unknown name `nope`'; has err '  --> input 2:1:9'; has err ' | let y = nope + x'; has err '^^^^'; has err 'unknown name `y`'
session 'a panic keeps what was done' <<'END'
var n = 1
n = 2; print([1][5]); n = 3
n
fn f() -> int => 1 / 0
f()
n + 1
END
out_is '2 : int' '3 : int'; has err 'panic: index 5 out of range for length 1'; has err 'panic: division by zero'; has err '  at f (input 4:1:18)'
session 'error values' <<'END'
fn f(x: int) -> int! { if x < 0 { fail "negative" }; x }
f(1)
f(-1)
f(-1) catch 0
try f(2)
try f(-2)
class Bad: Error { fn message(self) -> string => "so bad" }
fn g() -> void! { fail Bad() }
g()
1
END
out_is '1 : int!' '0 : int' '2 : int' '1 : int'; has err negative; has err 'so bad'
session 'a variable whose statement panicked' <<'END'
let x = 1 / 0
x
let x = 5
x
END
out_is '5 : int'; has err 'variable read before its statement ran'
session 'deep recursion' <<'END'
fn f(n: int) -> int => 1 + f(n + 1)
f(0)
1
END
out_is '1 : int'; has err 'stack overflow'
session 'a task that panics' <<'END'
fn bad() { let xs: [int] = []; print(xs[0]) }
let t = spawn bad()
t.wait()
7
END
out_is '7 : int'; has err 'index 0 out of range'
session 'a deadlock' <<'END'
let c = Channel<int>(1)
c.recv()
c.send(1)
c.recv()
END
out_is '1 : int?'; has err deadlock
wanted_status=3 session 'exit' <<'END'
print("before")
exit(3)
print("behind")
END
out_is before

# Several lines
session 'open brackets go on' <<'END'
fn f(
  x: int,
) -> int {
  if x > 0 {
    x

  } else { 0 }
}
f(3)
[
  1,
  2
]
let s = """
  one
  two
  """
s
1 +
  2
fn arrow() -> int =>
  8
arrow()
/* a comment
   goes on */ 5
"not { "
'{'
"{
1}"
END
has out '3 : int'; has out '[1, 2] : [int]'; has out '"one\ntwo'; has out '8 : int'; has out '5 : int'
session 'an end in the middle' <<'END'
fn f() {
  1
END
out_is; has err 'never closed'
session 'brackets in strings and comments do not count' <<'END'
"(["
1 // ({[
'('
END
out_is '"([" : string' '1 : int' "'(' : char"; quiet
session 'a program reads from the same input' <<'END'
read_line()
the line
read_line() ?? "none"
END
out_is '"the line" : string?' '"none" : string'

# Modules
mkdir dir
cat >dir/geo.firn <<'END'
import "./deep"
/// How far.
pub fn dist(x: float) -> float => x * deep.factor
pub var count = 0
pub fn bump() -> int { count += 1; count }
print("geo is initialised")
END
echo 'pub let factor = [2.0].sum()' >dir/deep.firn
session 'modules are initialised once' <<'END'
import math
math.sqrt(16.0)
import "./dir/geo"
geo.dist(2.0)
geo.bump()
geo.bump()
import "./dir/geo" as g
g.bump()
import { dist } from "./dir/geo"
dist(1.0)
import math
math.pi > 3.0
END
out_is '4.0 : float' 'geo is initialised' '4.0 : float' '1 : int' '2 : int' '3 : int' '2.0 : float' 'true : bool'; quiet
session 'a module that is not there' <<'END'
import "./none"
1
END
out_is '1 : int'; has err './none'
echo 'pub fn f() -> int => ' >broken.firn
name='a file can be mended'
{ echo 'import "./broken"'; sleep 1; echo 'import "./broken"'; echo 'broken.f()'; } | { sleep 0.5; echo 'pub fn f() -> int => 6' >fixed; (sleep 0.3; mv fixed broken.firn) & "$firn" repl >out 2>err; wait; }
has out '6 : int'

# Commands
session ':type' <<'END'
var n = 0
:type [n].map(|x| float(x))
:type print(1)
:type nope
fn f() -> int { n += 1; n }
:type f()
n
END
out_is '[float]' void int '0 : int'; has err 'unknown name `nope`'
session ':doc' <<'END'
/// Adds one.
/// Really.
fn inc(x: int) -> int => x + 1
:doc inc
:doc string.trim
let xs = [1]
:doc xs.push
:doc xs
import "./dir/geo"
:doc geo.dist
:doc nothing.at.all
END
has out 'fn inc(x: int) -> int'; has out '  Adds one.'; has out '  Really.'; has out 'fn trim(self) -> string'; has out 'push'; has out 'let xs: [int]'; has out '  How far.'
has err "nothing is known of 'nothing.at.all'"
session ':doc of what a module passes on' <<'END'
import json
:doc json.Reader
:doc json.Reader.next
END
has out 'class Reader'; has out '  Reads a JSON text'; has out 'Reader: fn next(self) -> Event?!'; lacks out 'type Reader'
session ':dis' <<'END'
fn f(x: int) -> int => x * 3
:dis f
:dis 1.5 + 2.5
END
has out 'func "f" (int) -> int'; has out 'int.mul'; has out 'func "top level"'; lacks out 'Channel'
session ':time and :fuel' <<'END'
:time 1 + 1
:fuel
END
has out '2 : int'; has out ' s, fuel '; has out ' by the last input'
printf 'fn loaded(x: int) -> int => x + 1\nlet fromfile = loaded(1)\nfromfile\n' >load.firn
printf 'import "./geo"\n' >dir/relative.firn
session ':load' <<'END'
:load load.firn
loaded(fromfile)
:load load.firn
loaded(10)
:load none.firn
:load dir/relative.firn
geo.dist(4.0)
END
out_is '2 : int' '3 : int' '2 : int' '11 : int' 'geo is initialised' '8.0 : float'; has err none.firn
session ':undo' <<'END'
:undo
var n = 1
let xs = [1]
n = 2
xs.push(5)
:undo
xs
:undo
:undo
n
:undo
fn f() -> int => 1
fn f() -> int => 2
:undo
f()
END
out_is '[1] : [int]' '1 : int' '1 : int'; has err 'nothing to undo'
session ':undo brings closures and tasks back' <<'END'
fn counter() -> fn() -> int { var n = 0; || { n += 1; n } }
let next = counter()
next()
next()
:undo
next()
let fs = [|| 1]
fs.clear()
1
:undo
:undo
fs[0]()
END
out_is '1 : int' '2 : int' '2 : int' '1 : int' '1 : int'; quiet
session 'commands: help, unknown, shortened, wrong' <<'END'
:help
:nope
:ty 1
:undo now
:type
:quit
1
END
has out ':restore'; has out 'int'; lacks out '1 : int'; has err 'there is no command :nope'; has err ':undo takes no argument'; has err ':type needs an argument'
session 'quit and exit as words' <<'END'
quit
1
END
out_is; quiet

# Saving
session ':save' <<'END'
class P { var x: int }
class P { var x: int; y: int = 2 }
import "./dir/geo"
geo.bump()
let p = P(x: 1)
let both = [p, p]
fn counter() -> fn() -> int { var n = 0; || { n += 1; n } }
let next = counter()
next()
let it = [1, 2, 3].iter().map(|x| x * 7)
it.next()
var big: [string: int] = [:]
for i in 0..1000 { big["k{i}"] = i }
:save session.firnses
next()
END
out_is 'geo is initialised' '1 : int' '1 : int' '7 : int?' '2 : int'; quiet
rm -r dir/geo.firn
session ':restore in another process' <<'END'
let lost = 1
:restore session.firnses
next()
it.next()
geo.bump()
both[0].x = 9
p
big["k999"]
lost
fn counter() -> int => 5
next()
:undo
:undo
counter()()
END
out_is '2 : int' '14 : int?' '2 : int' 'P(x: 9, y: 2) : P' '999 : int?' '3 : int' '1 : int'; has err 'unknown name `lost`'
head -c 3000 session.firnses >short.firnses
printf 'what' >no.firnses
session 'what is no session is refused' <<'END'
let x = 1
:restore short.firnses
:restore no.firnses
:restore none.firnses
:save dir
x
END
out_is '1 : int'; has err 'short.firnses: not a saved session'; has err 'no.firnses: not a saved session'; has err none.firnses; has err "can't write 'dir'"
session 'an empty session is saved too' <<'END'
:save empty.firnses
:restore empty.firnses
1 + 1
END
out_is '2 : int'; quiet

# The other tier; long sessions
session 'on the oracle' --tier=oracle <<'END'
let xs = [1, 2]
fn f(x: int) -> int => x + 1
xs.map(f)
END
out_is '[2, 3] : [int]'; quiet
i=0; while [ $i -lt 60 ]; do echo "fn f$i(x: int) -> int => x + $i"; echo "all.push(f$i($i))"; i=$((i + 1)); done | { echo 'let all: [int] = []'; cat; echo 'all.sum()'; } >long.txt
session 'a long session' <long.txt; out_is '3540 : int'; quiet

# On a terminal
typed() { name=$1; shift; python3 "$here/repl.py" "$firn" "$folder" "$@" >out 2>err; status=$?; if [ $status -eq "${wanted_status:-0}" ]; then pass; else fail "exit status $status" out err; fi; wanted_status=0; }
if command -v python3 >/dev/null; then
  typed 'prompts, and Ctrl-D' 'let x = 6\r=>>>>' 'fn f() -> int {\r=>...' 'x * 7\r=>...' '}\r=>>>>' 'f()\r=>42 : int' '^D'
  has out '>>> let x = 6'; has out '... x * 7'
  typed 'Ctrl-C stops what runs and keeps the rest' 'var n = 0\r=>>>>' 'print("g" + "o"); while true { n += 1 }\r=>go' '^C=>interrupted' 'n > 0\r=>true : bool' '^D'
  typed 'Ctrl-C gives a line up' 'let y = 5\r=>>>>' 'let y = (1 +\r=>...' '7^C=>>>>' 'y + 1\r=>6 : int' '^D'
  typed 'Ctrl-C while a program reads' 'print("g" + "o"); read_line()\r=>go' '^C=>interrupted' '2 + 3\r=>5 : int' '^D'
  typed 'a program reads from the terminal' 'print("g" + "o"); read_line()\r=>go' 'typed text\r=>"typed text" : string?' '^D'
  wanted_status=4 typed 'exit' 'exit(4)\r'
  typed ':quit' ':quit\r'
  if [ -s "$XDG_STATE_HOME/firn/history" ]; then
    typed 'completion' 'let numbers = [1, 2]\r=>>>>' 'numb\t.is_em\t()\r=>false : bool' ':und\t\r=>>>>' 'import math\r=>>>>' 'math.cbr\t(8.0)\r=>2.0 : float' '[1].map(|x| x).to_se\t()\r=>Set<int>' '^D'
    has out 'numbers.is_empty()'; has out ':undo'; has out '.to_set()'
    typed 'history of another time' 'let kept_in_history = 77\r=>>>>' '^D'
    name='the history has it'; has "$XDG_STATE_HOME/firn/history" 'let kept_in_history = 77'
  fi
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
