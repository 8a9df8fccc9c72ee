#!/bin/sh
# Unicode's own test files against the library: sh tests/unicode.sh FIRN [FOLDER]
#
# The files are those of Debian's package unicode-data; without them nothing is tested. They are of the version of Unicode that the package has.
set -eu
firn=$1
folder=${2:-/usr/share/unicode}
here=$(dirname "$0")
for name in NormalizationTest.txt auxiliary/GraphemeBreakTest.txt; do
  if [ -f "$folder/$name" ]; then cat "$folder/$name"
  elif [ -f "$folder/$name.bz2" ]; then bzcat "$folder/$name.bz2"
  else echo "unicode: skipped $name, which is not there" >&2; continue
  fi | "$firn" "$here/unicode.firn" "$name"
done
