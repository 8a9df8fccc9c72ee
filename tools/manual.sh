#!/bin/sh
# manual.sh FIRN VERSION - prints the manual page firn(1), made from what `firn help` and `firn help COMMAND` say.
set -e
firn=$1 version=$2

# Text as troff shows it unchanged.
plain() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"; }

echo ".TH FIRN 1 \"\" \"Firn $version\" \"User Commands\""
echo '.SH NAME
firn \- run isolated, metered, portable programs
.SH SYNOPSIS
.nf'
"$firn" help | sed -n 's/^usage: //p; s/^       firn/firn/p' | plain
echo '.fi
.SH DESCRIPTION
Firn is a process virtual machine with a language of its own: statically typed programs that read like scripts, compiled to portable, verified
modules and run in isolated guests whose work is metered to the unit.
.SH COMMANDS'
"$firn" help | awk '/^Commands:/ { on = 1; next } on && /^$/ { exit } on { print $1 }' | while read -r command; do
  "$firn" help "$command" | plain | awk '
    NR == 1 { sub(/^usage: /, ""); print ".SS " $0; next }
    /^Flags:/ { flags = 1; next }
    /^$/ { next }
    !flags { print toupper(substr($0, 1, 1)) substr($0, 2) "."; next }
    {
      sub(/^ +/, "")
      match($0, /^(\\-[a-z], )?[^ ]+ +/)
      flag = substr($0, 1, RLENGTH)
      sub(/ +$/, "", flag)
      printf ".TP\n.B %s\n%s\n", flag, substr($0, RLENGTH + 1)
    }'
done
echo '.SH "EXIT STATUS"'
"$firn" help | awk '/^Exit status:/ { on = 1; sub(/^Exit status: /, "") } on' | plain
