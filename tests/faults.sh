#!/bin/sh
# faults.sh - what `firn` does with images when memory is out, the disk is full, or it is killed.
#
#   sh tests/faults.sh FIRN FAULTS.so [STEPS]
#
# One call after another is made to fail (faults.c), until none does any more: freezing must say so and leave the old image or the new one,
# thawing must say so or do all of its work; nothing crashes. STEPS (default 40): how many calls of each kind are tried in turn, before
# they are tried at growing distances; 0: all of them. Then processes that write an image are killed at random moments, 5 times STEPS.

if [ $# -lt 2 ]; then echo "usage: faults.sh FIRN FAULTS.so [STEPS]" >&2; exit 2; fi
. "${0%/*}/library.sh"
firn_is "$1"
faults=$(absolute "$2") steps=${3:-40}
folder_new_in_memory
trap 'umount "$folder/small" 2>/dev/null; folder_free' EXIT
cd "$folder" || exit 2

cat >work.firn <<'END'
class Node { value: int; var next: Node? = nil }
enum Shape { dot; line(float); box(w: float, h: float) }
let ring = Node(value: 1, next: Node(value: 2))
ring.next!.next = ring
let counts = ["one": 1, "two": 2]
let shapes: [Shape] = [.dot, .line(0.5), .box(1.0, 2.0)]
var total = 0
let add = |n: int| { total += n }
for i in 0..100 { add(i); counts["k{i % 7}"] = i; print("line {i} of the output {counts}") }
print(total, counts, shapes, ring.next!.value)
END
"$firn" build work.firn -o work.fmod && "$firn" work.fmod >whole.out || exit 2
"$firn" run --fuel=3000 --freeze=old.fimg work.fmod >old.out 2>/dev/null
"$firn" thaw --fuel=3000 --freeze=new.fimg old.fimg >new.out 2>/dev/null
"$firn" thaw old.fimg >rest.out
cat old.out rest.out | cmp -s - whole.out || { echo "freezing and thawing do not work at all" >&2; exit 2; }

cat >self.firn <<'END'
import guest
let kept = ["a": [1, 2]]
match guest.freeze("image.fimg") { .ok(how) => print(how, kept); .err(e) => print("error:", e.message(), kept) }
END
"$firn" build self.firn -o self.fmod || exit 2
rm -f image.fimg
"$firn" self.fmod >self.out && mv image.fimg self.fimg || exit 2

# An image that was written over old.fimg, or should have been: the old one, or the wanted one.
image_ok() { cmp -s image.fimg old.fimg || cmp -s image.fimg "$1"; }

# try NAME CALLS ACTION JUDGE COMMAND...: runs the command with one call after another failing; JUDGE looks at $status and files.
try() {
  name=$1 calls=$2 action=$3 judge=$4
  shift 4
  at=1
  while :; do
    rm -f fired ./*.tmp
    cp old.fimg image.fimg
    FAULT_CALLS=$calls FAULT_AT=$at FAULT_ACTION=$action FAULT_FIRED=fired LD_PRELOAD=$faults "$@" >out 2>err </dev/null
    status=$?
    [ -e fired ] || break
    if $judge; then pass; else fail "$calls $at ($action): status $status" out err; fi
    if [ "$action" != kill ] && ls ./*.tmp >/dev/null 2>&1; then fail "$calls $at ($action): a temporary file stays"; fi
    if [ "$steps" -gt 0 ] && [ $at -ge "$steps" ]; then at=$((at + 1 + at / 5)); else at=$((at + 1)); fi
  done
  if $judge; then pass; else fail "without a failure: status $status" out err; fi
}

said() { [ -s err ] && [ $status -ge 1 ] && [ $status -le 3 ]; }
judge_run() { said && image_ok old.fimg && { [ $status -ne 3 ] || cmp -s image.fimg old.fimg; }; }
judge_refreeze() { said && image_ok new.fimg && { [ $status -ne 3 ] || cmp -s image.fimg new.fimg; }; }
judge_thaw() { if [ $status -eq 0 ]; then cmp -s out rest.out; else said; fi; }
judge_image() { if [ $status -eq 0 ]; then [ -s out ]; else said; fi; }
# The program goes on whatever became of the image.
judge_self() {
  image_ok self.fimg || return 1
  if [ $status -eq 0 ]; then cmp -s out self.out || grep -q '^error: .*2\]\]$' out; else said; fi
}
judge_killed() { image_ok new.fimg && { [ $status -eq 137 ] || [ $status -eq 3 ]; }; }

for calls in malloc write fsync rename link open read; do
  for action in once always; do
    try 'run --freeze' $calls $action judge_run "$firn" run --fuel=3000 --freeze=image.fimg work.fmod
    try 'thaw --freeze' $calls $action judge_refreeze "$firn" thaw --fuel=3000 --freeze=image.fimg image.fimg
    try thaw $calls $action judge_thaw "$firn" thaw old.fimg
  done
  try guest.freeze $calls once judge_self "$firn" self.fmod
  try image $calls once judge_image "$firn" image old.fimg
done
try 'thaw --freeze' write short judge_refreeze "$firn" thaw --fuel=3000 --freeze=image.fimg image.fimg
try thaw read,write short judge_thaw "$firn" thaw old.fimg
try 'thaw --freeze' write,fsync,rename,link,open kill judge_killed "$firn" thaw --fuel=3000 --freeze=image.fimg image.fimg

# A full disk
name='full disk'
if mkdir small && mount -t tmpfs -o size=128k none small 2>/dev/null; then
  cp old.fimg small/image.fimg
  head -c 1M /dev/zero >small/filler 2>/dev/null
  "$firn" thaw --fuel=3000 --freeze=small/image.fimg old.fimg >out 2>err; status=$?
  if [ $status -eq 1 ] && said && cmp -s small/image.fimg old.fimg; then pass; else fail "status $status" err; fi
  umount small
fi

# Killed at random: a large image, so that writing takes some time
name='large images'
cat >large.firn <<'END'
var seed = 1
let xs = List(2000000, 0)
for i in 0..xs.len() { seed = seed *% 6364136223846793005 +% 1442695040888963407; xs[i] = seed >>> 20 }
while true { xs[7] = xs[7] +% 1 }
END
"$firn" run --fuel=60M --freeze=old.fimg large.firn 2>/dev/null
"$firn" thaw --fuel=1000 --freeze=new.fimg old.fimg 2>/dev/null
if cmp -s old.fimg new.fimg || ! "$firn" image new.fimg >/dev/null; then fail 'freezing them does not work'; fi
random=12345 killed=0
for moment in $(seq $((5 * (steps > 0 ? steps : 40)))); do
  cp old.fimg image.fimg
  "$firn" thaw --fuel=1000 --freeze=image.fimg image.fimg 2>/dev/null &
  random=$(((random * 1103515245 + 12345) % 2147483648))
  sleep 0.0$((random / 65536 % 9))$((random / 256 % 10))
  kill -9 $! 2>/dev/null && killed=$((killed + 1))
  wait $! 2>/dev/null
  if image_ok new.fimg; then pass; else name="killed at moment $moment"; fail "neither image is there"; fi
done 2>/dev/null
rm -f ./*.tmp

ended "$killed killed at random"
