#!/bin/sh
# The linker of this workspace on Linux: the system's C compiler. Rust cannot link without one, so
# `cargo xtask` itself could not be built on a bare machine: where it is missing, it is installed
# here, before the first link. rustc shows what is written only when linking fails; a terminal
# shows it at once.
set -eu

say() {
  printf '%s\n' "$1" >&2
  { printf '%s\n' "$1" > /dev/tty; } 2> /dev/null || true
}

if ! command -v cc > /dev/null 2>&1; then
  line='apt-get install -y --no-install-recommends build-essential'
  if ! command -v apt-get > /dev/null 2>&1; then
    say 'A C compiler is missing. Install one (gcc or clang, with the C library), then run this again.'
    exit 1
  elif [ "$(id -u)" = 0 ]; then
    sudo=''
  elif command -v sudo > /dev/null 2>&1 && sudo -n true 2> /dev/null; then
    sudo='sudo -n'
  else
    say 'A C compiler is missing. Run this line, then the command again:'
    say "  sudo apt-get update && sudo $line"
    exit 1
  fi
  # Several programs may be linked at once: one installs, the others wait.
  exec 9> "${TMPDIR:-/tmp}/ma-linker-$(id -u).lock"
  flock 9
  if ! command -v cc > /dev/null 2>&1; then
    say 'A C compiler is missing: installing build-essential.'
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -q -o DPkg::Lock::Timeout=60 >&2
    $sudo $line -q -o DPkg::Lock::Timeout=60 >&2
  fi
  exec 9>&-
fi

exec cc "$@"
