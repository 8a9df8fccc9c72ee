#!/bin/sh
# cli.sh - tests of the `firn` command: statuses, streams, flags, files.
#
#   sh tests/cli.sh FIRN
#
# `check`, `expect` and what looks at output are those of library.sh. Nothing outside a folder of its own is written.

if [ $# -ne 1 ]; then echo "usage: cli.sh FIRN" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
home=$(cd "$tests/.." && pwd) || exit 2
folder_new
cd "$folder" || exit 2

cat >hello.firn <<'END'
print("hello, world")
END
cat >args.firn <<'END'
fn main(args: [string]) -> int {
  print(args)
  args.len()
}
END
cat >echo.firn <<'END'
while let line = read_line() { print("<{line}>") }
END
cat >work.firn <<'END'
// Something of everything: generics, traits, enums, closures, maps, strings, floats.
trait Shape { fn area(self) -> float }
class Square: Shape { side: float; fn area(self) -> float => self.side * self.side }
enum Tree { leaf(int); node(left: Tree, right: Tree) }
fn total(t: Tree) -> int { match t { .leaf(n) => n; .node(l, r) => total(l) + total(r) } }
fn twice<T>(x: T) -> [T] => [x, x]
let shapes: [Shape] = [Square(side: 1.5)]
let counts = ["a": 1]
for c in ["x", "y", "x"] { counts[c] = (counts[c] ?? 0) + 1 }
let n = 3
print(twice("ab"), twice(4).map(|x| x * n), total(.node(.leaf(2), .leaf(40))), shapes[0].area(), counts)
var sum = 0
for i in 0..1000 { if i % 3 == 0 { sum += i } }
print(sum, 'é', "{1.0 / 3.0:.3}")
END
cat >panic.firn <<'END'
fn inner(xs: [int], i: int) -> int => xs[i]
print("before")
print(inner([1, 2], 2))
END
cat >error.firn <<'END'
fn may(x: int) -> int! { if x > 1 { fail "too much" }; x }
print(try may(1))
print(try may(2))
END
cat >forever.firn <<'END'
var n = 0
while true { n = n +% 1 }
END
printf 'let x: int = "text"\nprint(undefined_name)\n' >wrong.firn
cat >tests.firn <<'END'
fn double(x: int) -> int => 2 * x
test "good" { assert(double(2) == 4) }
test "other" { assert(double(0) == 0) }
END
cat >badtests.firn <<'END'
test "good" { assert(1 + 1 == 2) }
test "bad" { assert(1 + 1 == 3) }
END
mkdir folder locked

printf 'let lost = 1\nprint(2)\n' >warned.firn

# Messages explained
check 'explain' 0 explain E0301; empty err; has out 'E0301: expected `...`, found `...`'; has out 'Wrong:'; has out 'Right:'; lacks out '```'; lacks out E0302
check 'explain several, in any case' 0 explain w0201 e0501; has out 'W0201: '; has out 'E0501: '
check 'explain all' 0 explain; has out 'E0001: '; has out 'W0408: '; has out 'E0022: bad format'
check 'explain nothing' 2 explain E0999; has err "there is no message"
check 'explain a word' 2 explain nonsense; has err '`firn explain` lists them'

# Running
check 'run hello' 0 hello.firn; out_is 'hello, world'; empty err
check 'run by command' 0 run hello.firn; out_is 'hello, world'
check 'main returns a status; arguments' 3 args.firn one 'two words' --tier=nonsense; out_is '["one", "two words", "--tier=nonsense"]'
check 'no arguments' 0 args.firn; out_is '[]'
check 'flags before the file' 1 run --tier=oracle args.firn a; out_is '["a"]'
check 'the flags end at --' 1 run -- args.firn -x; out_is '["-x"]'
in=hello.firn; check 'run -' 0 run -; out_is 'hello, world'
in=args.firn; check 'run - with an argument' 1 run - x; out_is '["x"]'
in=hello.firn; check 'the program reads standard input' 0 echo.firn; out_is '<print("hello, world")>'
check '-e' 0 -e 'print(6 * 7)'; out_is 42
check 'a warning' 0 run --warn=on warned.firn; out_is 2; has err 'warning[W0201]: the variable `lost` is never used'
for command in check build; do check "$command shows warnings" 0 $command warned.firn; has err 'warning[W0201]'; done
for command in run test; do
  check "$command shows warnings to people" 0 $command warned.firn; empty err
  check "$command shows warnings when asked" 0 $command --warn=on warned.firn; has err 'warning[W0201]'
done
check 'without warnings' 0 run --warn=off warned.firn; out_is 2; empty err
check 'without one warning' 0 run --warn=on,-W0201 warned.firn; out_is 2; empty err
check 'without another' 0 run --warn=on,-W0202,-w0203 warned.firn; has err 'W0201'
check 'warnings are errors' 2 run --warn=error warned.firn; empty out; has err 'error[W0201]'
check 'warnings are errors, but one' 0 run --warn=error,-W0201 warned.firn; out_is 2; empty err
for program in "$home"/tests/programs/warnings/*.firn; do
  "$firn" build --warn=on -o with.fmod "$program" 2>/dev/null; "$firn" build --warn=off -o without.fmod "$program" 2>/dev/null
  name="$program, with and without warnings"; same with.fmod without.fmod
done
printf 'enum Side { left, right\n  fn eq(self, other: Side) -> bool => true\n}\n' >unnamed.firn
check 'a warning about what nothing uses' 0 build -o unnamed.fmod unnamed.firn
check 'an unknown warning' 2 run --warn=-E0301 warned.firn; has err "--warn can't be '-E0301'"
check 'no warnings beside errors' 2 -e 'let x = 1; y'; lacks err W0201
check '-e with an argument' 1 -e 'fn main(args: [string]) -> int { print(args); 1 }' --stats; out_is '["--stats"]'; empty err
check '--eval=' 0 run --eval='print(1)'; out_is 1
check 'a type that no host brings' 2 -e 'extern "game" type Tile; let no: Tile? = nil; print(no)'; has err 'no type game.Tile is given to this program'; empty out
check '-e without a value' 2 -e; has err '--eval'
check 'exit' 7 -e 'exit(7)'
check 'the status is cut to 8 bits' 44 -e 'exit(300)'
check 'empty program' 0 -e ''; empty out; empty err
check 'panic' 1 panic.firn; out_is before; has err 'panic: index 2 out of range for length 2'; has err 'at inner'; has err 'panic.firn:1:'; has err 'panic.firn:3:'
check 'error that nothing handled' 1 error.firn; out_is 1; has err 'too much'; lacks err 'panic:'
check 'mistake' 2 wrong.firn; empty out; has err 'error['; has err 'wrong.firn:1:'; has err 'undefined_name'
if [ -w /dev/full ]; then
  name='full device'
  "$firn" hello.firn >/dev/full 2>err; status=$?
  if [ $status -eq 1 ]; then pass; else fail "exit status $status, expected 1" err; fi
  has err "can't write"
fi

# Tiers, fuel, statistics, the stack
check 'oracle' 0 run --tier=oracle work.firn; cp out oracle.out; filled oracle.out
check 'interp' 0 run --tier=interp work.firn; same out oracle.out
check 'stress' 0 run --stress=gc work.firn; same out oracle.out
check 'oracle panics alike' 1 run --tier=oracle panic.firn; cp err oracle.err
check 'interp panics alike' 1 run panic.firn; same err oracle.err
check 'unknown tier' 2 run --tier=warp hello.firn; has err warp
check 'out of fuel' 3 run --fuel=10000 forever.firn; has err 'out of fuel'
check 'out of fuel, oracle' 3 run --fuel=10K --tier=oracle forever.firn; has err 'out of fuel'
check 'no fuel at all' 3 run --fuel=0 hello.firn; empty out
check 'enough fuel' 0 run --fuel=10M hello.firn; out_is 'hello, world'
check 'fuel that is no number' 2 run --fuel=lots hello.firn; has err lots
check 'fuel below zero' 2 run --fuel=-1 hello.firn
cat >grow.firn <<'END'
let kept: [string] = []
while true { kept.push("{kept.len()}") }
END
check 'over the quota' 4 run --memory=1M grow.firn; has err 'panic: over the memory quota of 1048576 bytes'; has err 'grow.firn:2:'; cp err quota.interp
check 'over the quota, oracle' 4 run --memory=1M --tier=oracle grow.firn; same err quota.interp
check 'within the quota' 0 run --memory=1M hello.firn; out_is 'hello, world'
check 'a quota below the size of the program' 4 run --memory=10 hello.firn; empty out; has err 'over the memory quota of 10 bytes'
check 'a quota that is no size' 2 run --memory=lots hello.firn; has err lots
check 'a quota of nothing' 2 run --memory=0 hello.firn
check 'stats' 0 run --stats work.firn; has err 'fuel used'; has err 'memory allocated'; same out oracle.out
grep 'fuel used\|memory allocated' err >interp.stats
check 'stats, oracle' 0 run --stats --tier=oracle work.firn
grep 'fuel used\|memory allocated' err >oracle.stats
same interp.stats oracle.stats
used=$(sed -n 's/^fuel used *//p' oracle.stats)
check 'exactly enough fuel' 0 run --fuel="${used:-0}" work.firn
cat >deep.firn <<'END'
fn deep(n: int) -> int => 1 + deep(n + 1)
print(deep(0))
END
check 'stack overflow' 1 run --stack=64K deep.firn; has err 'stack overflow'; has err ' more ...'
check 'stack too small to be meant' 2 run --stack=1 hello.firn

# Building, and modules
check 'build' 0 build work.firn; empty out; empty err; expect 'build makes a file' test -s work.fmod; mv work.fmod first.fmod
check 'build again' 0 build work.firn; same first.fmod work.fmod
check 'build -o' 0 build -o other.fmod work.firn; same first.fmod other.fmod
check 'build, --output=' 0 build --output=third.fmod work.firn; same first.fmod third.fmod
check 'build to standard output' 0 build -o - work.firn; same out first.fmod
check 'build -e' 0 build -e 'print(1)' -o one.fmod
check 'run what -e built' 0 one.fmod; out_is 1
check 'build -e without -o' 2 build -e 'print(1)'; has err '-o'
check 'run a module' 0 work.fmod; same out oracle.out
check 'run a module, oracle' 0 run --tier=oracle work.fmod; same out oracle.out
in=work.fmod; check 'a module from standard input' 0 run -; same out oracle.out
check 'a module with arguments' 0 build args.firn; check 'run it' 2 args.fmod a b; out_is '["a", "b"]'
check 'strip' 0 build --strip -o stripped.fmod work.firn; check 'run stripped' 0 stripped.fmod; same out oracle.out
expect 'stripped is shorter' test "$(wc -c <stripped.fmod)" -lt "$(wc -c <work.fmod)"
check 'build a mistake' 2 build -o never.fmod wrong.firn; expect 'no file' test ! -e never.fmod
check 'build nothing' 2 build; check 'build two' 2 build hello.firn work.firn
check 'build into no folder' 1 build -o nowhere/x.fmod hello.firn; has err "can't write"
check 'build over a folder' 1 build -o folder hello.firn; has err "can't write"
chmod a-w locked
if ! touch locked/probe 2>/dev/null; then
  check 'build into a locked folder' 1 build -o locked/x.fmod hello.firn; has err "can't write"
else
  rm -f locked/probe
fi
if [ -d /proc/self ]; then check 'build where no file can be made' 1 build -o /proc/self/x.fmod hello.firn; has err "can't write"; fi
name='no temporary files stay'
if find . -name '*.tmp' | grep -q .; then fail 'there are some'; else pass; fi

# Text of modules
for module in work stripped one; do
  check "dis $module" 0 dis $module.fmod; filled out; cp out $module.text
  check "asm $module" 0 asm -o again.fmod $module.text; same again.fmod $module.fmod
done
check 'dis a source' 0 dis work.firn; same out work.text
check 'dis -o' 0 dis -o dis.text work.fmod; empty out; same dis.text work.text
in=work.text; check 'asm -' 0 asm -o - -; same out work.fmod
check 'asm of no text' 2 asm hello.firn; has err 'hello.firn:1'
printf 'module 1\nfunc "main" () -> int\n  int.add\n  ret\nentry 0\n' >unsound.text
check 'asm of an unsound module' 2 asm -o never.fmod unsound.text; has err 'bad module'; expect 'no file' test ! -e never.fmod
check 'dis into no folder' 1 dis -o nowhere/x hello.firn

# Files that are not what they should be
check 'missing file' 2 missing.firn; has err "can't read 'missing.firn'"; empty out
check 'missing file, run' 2 run missing.firn
check 'folder as a file' 2 folder; has err 'irectory'
check 'no name' 2 ''
for command in build check test dis asm; do
  check "$command a missing file" 2 $command missing.firn; has err missing.firn
  check "$command a folder" 2 $command folder; has err folder
  check "$command nothing" 2 $command; has err "firn help $command"
done
check 'run nothing' 2 run; has err 'firn help run'
printf '\000fmd this is a text, not a module' >text.fmod
check 'a text that is no module' 2 text.fmod; has err 'bad module'
printf 'this is a text, not a module\n' >text2.fmod
check 'a text that is no module and no program' 2 text2.fmod; has err 'error['
size=$(wc -c <work.fmod)
for length in 4 8 9 40 $((size / 2)) $((size - 1)); do
  head -c "$length" work.fmod >cut.fmod
  check "a module cut to $length bytes" 2 cut.fmod; has err 'bad module'; empty out
done
{ cat work.fmod; printf x; } >long.fmod
check 'a module with a byte too many' 2 long.fmod; has err 'bad module'
{ printf '\000fmd\002\000\000\000'; tail -c +9 work.fmod; } >later.fmod
check 'a later version' 2 later.fmod; has err version
printf 'print("\377")\n' >latin.firn
check 'not UTF-8' 2 latin.firn; has err latin.firn
printf 'print("a\000b")\n' >nul.firn
check 'a NUL in a program' 2 nul.firn; has err nul.firn
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "("; print "" }' >nested.firn
check 'nested deeply' 2 nested.firn; filled err

# check and test
check 'check' 0 check hello.firn work.firn tests.firn; empty out; empty err
check 'check -e' 0 check -e 'print(1)'; empty out
check 'check a mistake' 2 check hello.firn wrong.firn; has err 'wrong.firn:1:'
check 'check a module' 0 check work.fmod
check 'check a bad module' 2 check text.fmod; has err 'bad module'
check 'test' 0 test tests.firn; out_is 'ok   good' 'ok   other' '2 passed, 0 failed'
check 'test that fails' 1 test badtests.firn; out_is 'ok   good' 'FAIL bad' '1 passed, 1 failed'; has err 'assertion failed'
check 'test two' 1 test tests.firn badtests.firn; has out '3 passed, 1 failed'
check 'test, oracle' 0 test --tier=oracle tests.firn; has out '2 passed, 0 failed'
check 'test without tests' 0 test hello.firn; has out '0 passed, 0 failed'
check 'test a mistake' 2 test wrong.firn
check 'tests do not run by themselves' 0 badtests.firn; empty out

# Stages
for stage in tokens ast types module code; do
  check "dump $stage" 0 run --dump=$stage hello.firn; filled out; cp out $stage.dump; expect "dump $stage, not run" test "$(tail -n 1 out)" != 'hello, world'
  check "dump $stage of -e" 0 run --dump=$stage -e 'print(1)'; filled out
done
check 'dump two stages' 0 run --dump=tokens,ast hello.firn; expect 'both are there' test "$(wc -c <out)" -ge "$(cat tokens.dump ast.dump | wc -c)"
check 'dump an unknown stage' 2 run --dump=soup hello.firn; has err soup
check 'dump nothing' 2 run --dump= hello.firn
check 'tell nobody' 2 run --jit-info= hello.firn; has err '--jit-info'
check 'tell somebody unknown' 2 run --jit-info=gdb,soup hello.firn; has err soup
check 'tell gdb' 0 run --jit-info=gdb,jitdump --jit=off hello.firn; out_is 'hello, world'; quiet
check 'dump a module' 0 run --dump=module work.fmod; same out work.text

# Help, and mistakes on the command line
check 'version' 0 --version; has out 'firn '; cp out version.out
check 'version by command' 0 version; same out version.out
check 'help' 0 help; cp out help.out; has out 'usage: firn'
for command in run build check test dis asm help version; do
  name="help lists $command"; has help.out "  $command"
  check "help $command" 0 help $command; has out "usage: firn $command"
  cp out command.help
  check "$command --help" 0 $command --help; same out command.help
done
check '--help' 0 --help; same out help.out
check '-h' 0 -h; same out help.out
check 'help of an unknown command' 2 help bulid; has err bulid
check 'nothing at all' 0; empty out; empty err   # the REPL, at the end of its input
check 'unknown command' 2 bulid; has err "'bulid'"; has err "did you mean \`firn build\`?"
check 'unknown command with an argument' 2 chek hello.firn; has err "did you mean \`firn check\`?"
check 'missing file that is like no command' 2 dir/bulid.firn; lacks err 'did you mean'
check 'unknown flag' 2 run --feul=3 hello.firn; has err 'did you mean --fuel?'; empty out
check 'unknown flag before a file' 2 --stat hello.firn; has err 'did you mean --stats?'
check 'unknown flag like no other' 2 --xyzzyxyzzy hello.firn; has err 'unknown flag --xyzzyxyzzy'; lacks err 'did you mean'
check 'unknown letter' 2 -q hello.firn; has err 'unknown flag -q'
check 'flag of another command' 2 build --fuel=3 hello.firn; has err 'no flag --fuel'
check 'flag without its value' 2 build hello.firn -o; has err '--output'
check 'flag with a value that it has not' 2 run --stats=yes hello.firn; has err 'takes no value'

# Documentation
cat >shapes.firn <<'END'
/// Shapes in the plane.

import math

/// What has an area.
pub trait Shape {
  /// In square units.
  fn area(self) -> float
}

/// Round.
///
/// ```firn
/// print(Circle(1.0).scaled(2.0))
/// ```
pub class Circle: Shape {
  /// From the middle to the edge.
  var radius: float = 1.0
  _cache: int = 0
  fn area(self) -> float => math.pi * self.radius ** 2.0
  /// A larger one.
  fn scaled(self, by: float) -> Circle => Circle(self.radius * by)
}

pub enum Color { red; other(name: string, int) }
pub fn largest<T: Shape + Hash>(shapes: [T], least: float = 0.5 + 0.5) -> T? => nil
fn hidden() {}
class Inner { fn method(self) {} }
/// Zero.
pub let zero = 0
/// By name.
pub type Named<T> = [string: T]
extend int {
  /// So many.
  fn circles(self) -> [Circle] => List(self, Circle())
}
END
check 'doc of a file' 0 doc shapes.firn; cp out doc.out
for line in '# shapes' 'Shapes in the plane.' 'trait Shape' 'fn area(self) -> float' 'class Circle: Shape {' '  /// From the middle to the edge.' '  var radius: float = 1.0' \
    '### `Circle.scaled`' '  other(name: string, int)' 'fn largest<T: Shape + Hash>(shapes: [T], least: float = 0.5 + 0.5) -> T?' 'let zero: int' 'type Named<T> = [string: T]' \
    '## `int`' '### `int.circles`'; do expect "doc: $line" grep -qxF -e "$line" doc.out; done
for text in hidden Inner _cache method; do expect "doc leaves $text out" test "$(grep -c $text doc.out)" -eq 0; done
check 'doc --missing' 1 doc --missing shapes.firn
out_is 'shapes.firn:26: largest has no documentation' 'shapes.firn:25: Color has no documentation' 'shapes.firn:35: int.circles has no example'
printf '/// All.\n\n/// One.\n/// ```firn\n/// print(1)\n/// ```\npub fn one() -> int => 1\n' >full.firn
check 'nothing is missing' 0 doc --missing full.firn; empty out
check 'doc of a file with a mistake' 2 doc wrong.firn; empty out; has err 'wrong.firn:1:'
check 'doc of the library' 0 doc; has out '| [json](json.md) | JSON'; lacks out syntax
check 'doc of a module' 0 doc math; has out 'fn sqrt(x: float) -> float'; lacks out extern
check 'doc of a module that shows types of its parts' 0 doc regex; has out 'class RegexError: Error {'
check 'doc of the prelude' 0 doc prelude; has out '### `[T].sort`'; has out 'fn sort(self)    // where T: Ord'; has out 'trait Ord: Eq'; lacks out '`_'
check 'doc of a name' 0 doc string.split; has out 'string: fn split(self, separator: string) -> [string]'
check 'doc of a module member' 0 doc json.parse; has out 'fn parse(text: string'
check 'doc of nothing' 2 doc no_such_thing; has err "'no_such_thing'"
check 'doc of two' 2 doc math json; has err 'one module'

# What README.md says
ln -s "$home/examples" examples
sed -n 's/^build\/firn \([^#]*[^# ]\) *\(#.*\)\{0,1\}$/\1/p' "$home/README.md" >readme.commands
check 'life in one go' 0 examples/life.firn; cp out life.whole
: >life.parts
"$firn" run --allow-fs=examples:ro -e 'print(1)' >out 2>err || { has err openat2; echo "no openat2: README's grant of a folder is not tested"; no_folders=1; }
while read -r line; do
  case $line in *--allow-fs*) [ -z "$no_folders" ] || continue ;; esac
  case $line in *--freeze*) wanted=3 ;; *) wanted=0 ;; esac
  check "README: $line" $wanted $line
  case $line in
    image*) has out 'fuel' ;;
    *--sandbox*|*--allow*|*--memory*|*--timeout*) same out life.whole ;;
    *) cat out >>life.parts ;;
  esac
done <readme.commands
expect 'README has commands' test "$(grep -c . readme.commands)" -eq 7
same life.parts life.whole

ended
