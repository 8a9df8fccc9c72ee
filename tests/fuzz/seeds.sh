#!/bin/sh
# seeds.sh FIRN FOLDER - compiles every test program that compiles into FOLDER, as the fuzzer's seeds. What is newer than FIRN is kept.
firn=$1 folder=$2
for program in tests/programs/*/*.firn examples/*.firn; do
  name=$(echo "$program" | tr '/.' '__')
  [ "$folder/$name.fmod" -nt "$firn" ] || "$firn" build --strip "$program" -o "$folder/$name.fmod" 2>/dev/null || :
done
