#!/bin/sh
# embed-docs.sh [--check] - writes the reference part of docs/embedding.md from the comments of include/firn.h; --check fails when it is stale.
# Each paragraph of the header becomes its comment and, in a block, its declarations; a line `/* ---- Title ---- */` becomes a heading.
made=$(mktemp)
trap 'rm -f "$made"' EXIT
reference() {
  awk '
    function flush() {
      if (prose != "") { gsub(/`?\*\//, "", prose); print prose "\n"; prose = "" }
      if (code != "") { print "```c\n" code "```\n"; code = "" }
    }
    /^#if|^#define|^#endif|^#else|^#include|^extern "C"|^}$|FIRN_OPTIONS\(type/ { next }
    /^\/\* ---- / { flush(); begun = 1; sub(/^\/\* ---- /, ""); sub(/ ---- \*\/$/, ""); print "### " $0 "\n"; next }
    !begun { next }
    /^$/ { flush(); next }
    /^\/\*/ && code == "" { inside = 1; line = $0; sub(/^\/\* /, "", line) }
    inside { if ($0 !~ /^\/\*/) { line = $0; sub(/^ \* /, "", line) }; if (sub(/ *\*\/$/, "", line)) inside = 0; prose = prose (prose == "" ? "" : " ") line; next }
    /^  static inline type/ { next }
    { sub(/^FIRN_API FIRN_CHECK /, ""); sub(/^FIRN_API /, ""); if (sub(/^static inline /, "")) sub(/ \{.*/, ";"); if (sub(/^FIRN_OPTIONS\(/, "")) { sub(/, /, " "); sub(/\)$/, "(void);") }; code = code $0 "\n" }
    END { flush() }
  ' include/firn.h
}
awk '/^<!-- from include\/firn.h -->$/ { print; exit } { print }' docs/embedding.md > "$made"
{ echo; reference; echo '<!-- end -->'; } >> "$made"
if [ "$1" = --check ]; then
  cmp -s "$made" docs/embedding.md && exit 0
  echo "embed-docs.sh: docs/embedding.md is stale: run \`make docs\`" >&2
  exit 1
fi
cp "$made" docs/embedding.md
