#!/bin/sh
# sandbox.sh - tests of what programs are granted: --sandbox, --allow-...; and ways out of granted folders, none of which may lead anywhere.
#
#   sh tests/sandbox.sh FIRN
#
# `check`, `expect` and what looks at output are those of library.sh. `reads WANTED FLAG... -- PATH` runs a program that reads a file: WANTED is what is in it, or
# a part of the error. Folder grants need openat2: where the kernel has none, only that this is said is tested.

if [ $# -ne 1 ]; then echo "usage: sandbox.sh FIRN" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
folder_new
mkdir "$folder/work"; cd "$folder/work" || exit 2

# Without grants
denied() { check "$1" 1 run --sandbox -e "$2"; has err "panic: this program may not $3"; }
check 'a sandbox prints' 0 run --sandbox -e 'print(1)'; out_is 1
check 'and computes' 0 run --sandbox -e 'import math; import hash; import text; print(math.sqrt(4.0))'; out_is 2.0
check 'and takes arguments' 0 run --sandbox -e 'fn main(args: [string]) { print(args) }' a b; out_is '["a", "b"]'
check 'and exits' 7 run --sandbox -e 'exit(7)'
check 'and has tasks' 0 run --sandbox -e 'fn f() -> int => 3
print((spawn f()).wait())'; out_is 3
denied 'the clock' 'import time
print(time.now())' 'read the clock'; has err '--allow-time'
denied 'the stopwatch' 'import time
print(time.micros())' 'read the clock'
denied 'sleeping' 'import time
time.sleep(0.1)' 'read the clock or sleep'
denied 'standard input' 'print(read_line() ?? "")' 'read standard input'; has err '--allow-stdin'
denied 'variables' 'import env
print(env.get("HOME") ?? "")' 'read environment variables'; has err '--allow-env'
denied 'all variables' 'import env
print(env.all().len())' 'read environment variables'
denied 'random numbers' 'import random
print(random.seeded_from_host().int(0..9))' 'ask for random numbers'; has err '--allow-random'
check 'whether a file exists' 1 run --sandbox -e 'import fs
print(fs.exists("x"))'; has err 'panic: x: this program may not read this file'
check 'the current folder' 0 run --sandbox -e 'import env
print(env.cwd() catch e { "no" })'; out_is no
check 'files' 0 run --sandbox -e 'import fs
print(fs.read_text("x") catch e { e.message() })'; has out 'x: this program may not read'; has out '--allow-fs=DIR'
check 'the kind of that error' 0 run --sandbox -e 'import fs
match fs.read_text("x") { .err(e) => if let f: fs.FsError = e { print(f.kind) }; .ok(t) => print(t) }'; out_is .permission_denied
check 'temporary files' 0 run --sandbox -e 'import fs
print(fs.temp_dir() catch e { "no" })'; out_is no
check 'freezing' 0 run --sandbox -e 'import guest
match guest.freeze("x.fimg") { .ok(x) => print(x); .err(e) => print(e.message()) }'; has out 'may not have itself frozen'; expect 'no image' test ! -e x.fimg
check 'asking' 0 run --allow-time --allow-env -e 'import guest
print(["time", "env", "fs.read", "stdin", "random", "freeze"].map(|c| guest.may(c)))'; out_is '[true, true, false, false, false, false]'
check 'asking for what there is not' 1 run -e 'import guest
print(guest.may("everything"))'; has err 'no capability'
check 'a handler for errors sees no panic' 1 run --sandbox -e 'import time
fn f() -> int! => time.now()
print(f() catch e { 0 })'; has err 'may not'
for tier in interp oracle; do check "on the $tier tier" 1 run --tier=$tier --sandbox -e 'import time
print(time.now())'; has err 'read the clock'; done

# One grant each
check 'time' 0 run --allow-time -e 'import time
time.sleep(0.01); print(time.now() > 0)'; out_is true
check 'env' 0 run --allow-env -e 'import env
print(env.get("PATH") != nil, (try env.cwd()).len() > 0)'; out_is 'true true'
check 'random' 0 run --allow-random -e 'import random
print(random.seeded_from_host().int(0..1))'; out_is 0
check 'stdin' 0 run --allow-stdin -e 'print(read_line() ?? "nil")'; out_is nil
check 'only what was granted' 1 run --allow-time --allow-env -e 'print(read_line() ?? "nil")'; has err '--allow-stdin'
check 'without flags everything' 0 run -e 'import time; import env; import fs
print(time.now() > 0, env.get("PATH") != nil, fs.exists("/"), read_line() ?? "nil")'; out_is 'true true true nil'
printf 'import time\ntest "clock" { assert(time.now() > 0) }\n' >clock.firn
check 'a test that was not granted' 1 test --sandbox clock.firn; has err 'read the clock'
check 'a test that was' 0 test --allow-time clock.firn
name='the REPL'; printf 'import time\ntime.now()\n1 + 1\n' | "$firn" repl --sandbox >out 2>err; has err 'may not read the clock'; out_is '2 : int'
check 'an image' 3 run --fuel=3000 --freeze=late.fimg -e 'import time
for i in 0..1000 { if i < 0 { print(i) } }
print(time.now() > 0)'
check 'its grants are those of who thaws' 1 thaw --sandbox late.fimg; has err 'read the clock'
check 'thawed with them' 0 thaw --allow-time late.fimg; out_is true
check 'build knows no grants' 2 build --sandbox clock.firn
check 'a folder that is not there' 2 run --allow-fs=nowhere -e 'print(1)'; has err nowhere
check 'no folder' 2 run --allow-fs= -e 'print(1)'
check 'a file for a folder' 2 run --allow-fs=clock.firn -e 'print(1)'; has err clock.firn

# Folders
cat >read.firn <<'END'
import fs
fn main(args: [string]) { match fs.read_text(args[0]) { .ok(t) => print(t.trim()); .err(e) => print("error:", e.message()) } }
END
mkdir -p box/deep ../other ../boxes; echo inside >box/f; echo deep >box/deep/g; echo secret >../other/s; echo secret >../boxes/s; echo secret >s
ln -s f box/near; ln -s deep/../f box/around; ln -s "$folder/other/s" box/far; ln -s ../../other box/out; ln -s "$PWD/box/f" box/absolute; ln -s . box/self
ln -s ../../../other/s box/deep/up; ln -s box link; ln box/f ../other/hard; ln ../other/s box/hard; ln -s loop box/loop; mkfifo box/fifo
"$firn" run --allow-fs=box -e 'print(1)' >out 2>err || { has err 'openat2'; echo "no openat2: folder grants are not tested"; echo "$passed passed, $failed failed"; [ $failed -eq 0 ]; exit; }
reads() {
  wanted_text=$1; shift
  flags=""
  while [ "$1" != -- ]; do flags="$flags $1"; shift; done
  name="$flags: $2"
  # shellcheck disable=SC2086 # words
  "$firn" run $flags read.firn "$2" </dev/null >out 2>err
  has out "$wanted_text"
  if grep -q secret out; then fail 'a way out' out; fi
}
refused='may not read this file'
for grant in --allow-fs=box:ro --allow-fs=box --allow-fs=box:rw "--allow-fs=$PWD/box" --allow-fs=./box/ --allow-fs=link --allow-fs=../work/box; do
  reads inside $grant -- box/f
  reads inside $grant -- "$PWD/box/f"
  reads deep $grant -- box/deep/g
  reads "$refused" $grant -- ../other/s
  reads "$refused" $grant -- box/out/s
done
reads inside --allow-fs=link -- link/f
reads "$refused" --allow-fs=box -- link/f
for path in ./box/f box//f box/./f box/deep/../f box/../box/f ../work/box/f box/deep/../../box/f s/../box/f box/near box/around box/self/self/f "$PWD/../work/box/f" /../"$PWD"/box/f; do
  reads inside --allow-fs=box -- "$path"
done
for path in s ./s box/../s box/deep/../../s ../other/s "$folder/other/s" box/out/s box/far box/absolute box/out/../other/s box/self/../s box/deep/up box/self/out/s /etc/passwd \
  /proc/self/root/etc/passwd /proc/self/cwd/s /dev/stdin . .. / box/.. boxes ../boxes/s box/../../other/s box/../../../../../../../../etc/passwd; do
  reads "$refused" --allow-fs=box -- "$path"
done
reads 'no such file' --allow-fs=box -- box/nothing
reads 'no such file' --allow-fs=box -- ''
reads 'is a directory' --allow-fs=box -- box
reads 'is a directory' --allow-fs=box -- box/
reads 'too many levels' --allow-fs=box -- box/loop
reads 'not a directory' --allow-fs=box -- box/f/
reads "$refused" --allow-fs=box/deep -- box/f
reads deep --allow-fs=box/deep --allow-fs=box -- box/deep/g
reads inside --allow-fs=box/deep --allow-fs=box -- box/f
name='a hard link is a file like others'; "$firn" run --allow-fs=box read.firn box/hard >out 2>err; out_is secret
name='the root as a grant'; "$firn" run --allow-fs=/:ro read.firn "$PWD/box/f" >out 2>err; out_is inside
reads inside --allow-fs=/:ro -- box/f
reads 'too many levels' --allow-fs=/proc:ro -- /proc/self/root/etc/passwd
reads "$refused" --allow-fs=/proc/self/fd:ro --allow-fs=box -- /proc/self/fd/../../../etc/passwd
check 'a NUL in a path' 0 run --allow-fs=box -e 'import fs
print(fs.read_text("box/f\0/../../s") catch e { "no" })'; out_is no

# Everything else that has a path
cat >all.firn <<'END'
import fs
fn says<T>(name: string, act: fn() -> T!) {
  match act() { .ok(x) => print(name, "done"); .err(e) => print(name, if e.message().contains("may not") { "refused" } else { e.message() }) }
}
fn main(args: [string]) {
  let inside = args[0]
  let outside = args[1]
  says("write", || fs.write_text(outside, "x"))
  says("append", || fs.append(outside, "x"))
  says("bytes", || fs.write_bytes(outside, "x".bytes()))
  says("append bytes", || fs.append_bytes(outside, "x".bytes()))
  says("list", || fs.list_dir(outside))
  says("info", || fs.info(outside))
  says("lines", || fs.lines(outside))
  says("mkdir", || fs.make_dir(outside))
  says("mkdirs", || fs.make_dir(outside + "/x/y", parents: true))
  says("remove", || fs.remove(outside))
  says("remove all", || fs.remove_all(outside))
  says("rename out", || fs.rename(inside, outside))
  says("rename in", || fs.rename(outside, inside))
  says("copy out", || fs.copy(inside, outside))
  says("copy in", || fs.copy(outside, inside + "2"))
}
END
for outside in ../other/s box/out/s box/../../other/s "$folder/other/s"; do
  check "no access to $outside" 0 run --allow-fs=box all.firn box/f "$outside"
  expect 'all is refused' test "$(grep -c ' refused$' out)" -eq 15
done
expect 'what is outside stays' test "$(cat ../other/s)" = secret
expect 'nothing is made there' test "$(ls ../other | tr '\n' ' ')" = 'hard s '
check 'to read only' 0 run --allow-fs=box:ro -e 'import fs
fn says<T>(act: fn() -> T!) { match act() { .ok(x) => print("done"); .err(e) => print(if e.message().contains("may not write") { "refused" } else { e.message() }) } }
says(|| fs.write_text("box/new", "x")); says(|| fs.append("box/f", "x")); says(|| fs.make_dir("box/new")); says(|| fs.remove("box/f"))
says(|| fs.rename("box/f", "box/g")); says(|| fs.temp_dir()); says(|| fs.list_dir("box")); says(|| fs.info("box/f"))'
out_is refused refused refused refused refused refused done done
check 'to write' 0 run --allow-fs=box -e 'import fs
try fs.write_text("box/new", "one\n"); try fs.append("box/new", "two\n"); print((try fs.read_text("box/new")).lines(), try fs.list_dir("box/deep"))
try fs.make_dir("box/a/b/c", parents: true); try fs.make_dir("box/a", parents: true); print(fs.is_dir("box/a/b/c"), fs.exists("box/no"), fs.is_file("box/new"))
try fs.rename("box/new", "box/a/moved"); print(fs.exists("box/new"), try fs.list_dir("box/a/"))
print((try fs.info("box/near")).kind, (try fs.info("box/near", follow: false)).kind, (try fs.info("box/far", follow: false)).kind, (try fs.info("box")).kind)
try fs.remove_all("box/a"); print(fs.exists("box/a"))
for path in ["box", "box/", "box/.", "box/deep/.."] { fs.remove(path) catch e { print(e.message()) } }'
has out '["one", "two"] ["g", "up"]'; has out 'true false true'; has out 'false ["b", "moved"]'; has out '.file .link .link .folder'
expect 'the folder stays' test -d box/deep
check 'links are removed, not what they lead to' 0 run --allow-fs=box -e 'import fs
try fs.remove("box/out/"); try fs.remove("box/far"); print(fs.exists("box/near"))'; out_is true
expect 'what they led to stays' test -f ../other/s
check 'writing through a link that leads out' 0 run --allow-fs=box -e 'import fs
fs.write_text("box/absolute", "x") catch e { print("no") }'; expect 'is refused' test "$(cat box/f)" = inside
check 'whether something exists outside is no answer' 1 run --allow-fs=box -e 'import fs
print(fs.exists("../other/s"))'; has err 'may not read'
check 'a temporary folder' 0 run --allow-fs="${TMPDIR:-/tmp}" -e 'import fs
let made = try fs.temp_dir(); print(fs.is_dir(made)); try fs.remove(made)'; out_is true
check 'freezing into a granted folder' 0 run --allow-fs=box -e 'import guest
match guest.freeze("box/x.fimg") { .ok(x) => print(x); .err(e) => print(e.message()) }'; out_is .frozen
check 'its image' 0 thaw --sandbox box/x.fimg; out_is .thawed
for path in x.fimg ../other/x.fimg box/../x.fimg "$folder/x.fimg" box/out2/x.fimg; do
  check "freezing to $path" 0 run --allow-fs=box -e "import guest
match guest.freeze(\"$path\") { .ok(x) => print(x); .err(e) => print(\"no\") }"; out_is no; expect 'no image' test ! -e "$path"
done
check 'freezing into a folder to read' 0 run --allow-fs=box:ro -e 'import guest
match guest.freeze("box/y.fimg") { .ok(x) => print(x); .err(e) => print("no") }'; out_is no

# A link that changes while it is followed
cat >race.firn <<'END'
import fs
import time
var inside = 0
let start = time.micros()
while time.micros() - start < 1_500_000 { let text = fs.read_text("box/now/s") catch e { "" }; if text.trim() == "secret" { print("a way out") }; if text.trim() == "tame" { inside += 1 } }
print(inside > 0)
END
mkdir box/tame; echo tame >box/tame/s; ln -s tame box/now
(while :; do ln -sfn ../../other box/now; ln -sfn tame box/now; done) 2>/dev/null &
swapper=$!
check 'a link is swapped all the time' 0 run --allow-fs=box --allow-time race.firn; out_is true
kill $swapper; wait $swapper 2>/dev/null

ended
