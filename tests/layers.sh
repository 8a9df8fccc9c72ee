#!/bin/sh
# layers.sh - the folders include only what README.md allows: vm nothing of the others, compiler and stdlib only vm, jit only vm,
# embed vm, compiler, stdlib and the header that it implements.
status=0
only() {
  folder=$1
  shift
  [ -d "$folder" ] || return 0
  for other in vm compiler stdlib embed include cli tests tools bench jit; do
    case " $folder $* " in *" $other "*) continue ;; esac
    if grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"](\.\./)*$other/" "$folder"/*; then status=1; fi
  done
}
only vm
only compiler vm
only stdlib vm
only jit vm
only embed vm compiler stdlib include
only include
[ $status = 0 ] || echo "layers.sh: these files include what their folder may not" >&2
exit $status
