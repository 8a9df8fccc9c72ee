#!/bin/sh
# library-docs.sh - writes docs/library: a page for each module of the library, by `firn doc`, and their list.
#
#   sh tools/library-docs.sh FIRN FOLDER          writes the pages into FOLDER
#   sh tools/library-docs.sh FIRN FOLDER --check  says which pages of FOLDER are stale, and which public names lack documentation or an example;
#                                                 exit status 1 if there are any
set -eu
firn=$1 folder=$2 check=${3:-}
made=$folder
[ -z "$check" ] || { made=$(mktemp -d); trap 'rm -rf "$made"' EXIT; }
modules=$("$firn" doc | sed -n 's/^| \[\([a-z0-9_]*\)\].*/\1/p')
[ -n "$modules" ]

mkdir -p "$made"
rm -f "$made"/*.md
"$firn" doc > "$made/README.md"
for module in $modules; do "$firn" doc "$module" > "$made/$module.md"; done
[ -n "$check" ] || exit 0

status=0
if ! diff -r -x differences "$folder" "$made" > "$made/differences"; then
  head -20 "$made/differences"
  echo "docs/library is stale: make docs" >&2
  status=1
fi
for module in $modules; do
  "$firn" doc --missing "$module" || status=1
done

exit $status
