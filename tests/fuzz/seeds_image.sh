#!/bin/sh
# seeds_image.sh FIRN FUZZ_IMAGE FOLDER EVERY - freezes each EVERY-th test program, where it uses little fuel, near its beginning, in its middle and near its
# end, and one whose tasks wait for input; and unpacks the images into FOLDER, as seeds of fuzz_image. What is newer than FUZZ_IMAGE is kept.
firn=$1 fuzz=$2 folder=$3 every=$4
[ "$folder/.made" -nt "$fuzz" ] && exit 0
rm -rf "$folder" && mkdir -p "$folder/images" || exit 2
n=0
for program in tests/programs/*/*.firn; do
  n=$((n + 1))
  [ $((n % every)) -eq 0 ] || continue
  case $program in tests/programs/rejected/* | tests/programs/diagnostics/*) continue ;; esac
  name=$(echo "$program" | tr '/.' '__')
  "$firn" build --strip "$program" -o "$folder/images/module.fmod" 2>/dev/null || continue
  used=$("$firn" run --fuel=1000000 --stats "$folder/images/module.fmod" 2>&1 >/dev/null </dev/null | sed -n 's/^fuel used *//p')
  [ "${used:-0}" -gt 60 ] && [ "$used" -lt 1000000 ] || continue
  for fuel in 30 $((used / 2)) $((used - 30)); do
    "$firn" run --stack=128K --fuel=$fuel --freeze="$folder/images/$name-$fuel" "$folder/images/module.fmod" </dev/null >/dev/null 2>&1
  done
done
# Tasks that wait for a line.
"$firn" build --strip -o "$folder/images/module.fmod" -e 'fn reads() -> int => (read_line() ?? "nil").len()
fn ends() {}
let tasks = [spawn reads(), spawn reads()]
(spawn ends()).wait()
var sum = 0
for i in 0..100 { sum += i }
print(sum, tasks[0].wait(), tasks[1].wait())'
for fuel in 400 500 700; do
  sleep 2 | "$firn" run --stack=128K --fuel=$fuel --freeze="$folder/images/waiting-$fuel" "$folder/images/module.fmod" >/dev/null 2>&1
done
rm -f "$folder/images/module.fmod"
find "$folder/images" -type f -exec env FIRN_UNPACK="$folder" "$fuzz" {} +
rm -rf "$folder/images"
touch "$folder/.made"
