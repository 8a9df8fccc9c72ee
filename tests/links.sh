#!/bin/sh
# links.sh - links in documents lead somewhere: to a file that is there, or a heading, which has the name that GitHub gives it.
#
#   sh tests/links.sh DOCUMENT.md...
#
# Links to other sites are not followed. Prints each link that leads nowhere; the exit status is 1 if there is one.
awk '
  function anchor_of(heading) {
    heading = tolower(heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
  }
  FNR == 1 { marks = 0; folder = FILENAME; if (!sub(/[^\/]*$/, "", folder)) folder = "" }
  /^```/ {
    match($0, /^`+/)
    if (!marks) marks = RLENGTH
    else if (RLENGTH >= marks) marks = 0
    next
  }
  marks { next }
  /^#+ / {
    heading = $0
    sub(/^#+ /, "", heading)
    anchor = anchor_of(heading)
    times = seen[FILENAME, anchor]++
    headings[FILENAME, times ? anchor "-" times : anchor] = 1
  }
  {
    rest = $0
    gsub(/`[^`]*`/, "", rest)
    while (match(rest, /\]\([^) ]+\)/)) {
      link = substr(rest, RSTART + 2, RLENGTH - 3)
      rest = substr(rest, RSTART + RLENGTH)
      if (link ~ /^[a-z]+:/) continue
      count++
      from[count] = FILENAME; line[count] = FNR; links[count] = link; in_folder[count] = folder
    }
  }
  END {
    for (i = 1; i <= count; i++) {
      file = links[i]; anchor = ""
      if (at = index(file, "#")) { anchor = substr(file, at + 1); file = substr(file, 1, at - 1) }
      target = file == "" ? from[i] : in_folder[i] file
      while (sub(/[^\/]+\/\.\.\//, "", target)) {}
      if (!(target in exists)) exists[target] = system("test -e \"" target "\"") == 0
      if (exists[target] && (anchor == "" || (target, anchor) in headings)) continue
      printf "%s:%d: the link %s leads nowhere\n", from[i], line[i], links[i]
      failed = 1
    }
    exit failed
  }' "$@"
