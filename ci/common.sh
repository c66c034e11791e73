# What the scripts of this folder share. Sourced, not run; the caller has set -euo pipefail.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build

say() { printf '%s\n' "barnacle: $*"; }
complain() { printf '%s\n' "barnacle: $*" >&2; }

# quietly LOG COMMAND…: runs the command with its output in build/LOG; when it fails, shows the end of that.
quietly() {
  local log=$build/$1 status=0
  shift
  mkdir -p "$build"
  "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    complain "failed with status $status: $*"
    tail -n 60 "$log" >&2
    complain "all of its output is in $log"
  fi
  return "$status"
}

# packages_for GROUP…: their names in ci/packages.txt.
packages_for() {
  local wanted=" $* " group name
  while read -r group name; do
    if [[ $wanted == *" $group "* ]]; then printf '%s\n' "$name"; fi
  done <"$root/ci/packages.txt"
}

is_installed() {
  [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# require_packages GROUP…: installs what is missing. Without root it prints the line to run, and ends with status 2.
require_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "this is no Debian system; going on with the compilers and libraries that are here"
    return
  fi
  local missing=() name
  for name in $(packages_for "$@"); do
    is_installed "$name" || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then return; fi

  if ((EUID != 0)); then
    complain "Debian packages are missing (${#missing[@]}), and installing them needs root. Run:"
    printf '%s\n' "apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 2
  fi

  say "installing Debian packages (${#missing[@]}): ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # Another archive on this machine's list may be out of reach; what counts is whether the packages can be had.
  quietly apt-update.log apt-get -o DPkg::Lock::Timeout=300 update || say "apt-get update had errors; trying all the same"
  quietly apt-install.log apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" || exit 2
}

# jobs_at_once: as many compilers as there are processors and room for (1 GiB each).
jobs_at_once() {
  local processors memory_gib
  processors=$(nproc)
  memory_gib=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024 / 1024))
  printf '%s\n' $((memory_gib < 1 ? 1 : memory_gib < processors ? memory_gib : processors))
}

# build_preset PRESET [TARGET…]: configures and builds into build/PRESET; all targets when none is named.
build_preset() {
  local preset=$1 started=$SECONDS options=() targets=()
  shift
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  if (($# > 0)); then targets=(--target "$@"); fi
  say "building $preset${*:+ ($*)}"
  quietly "configure-$preset.log" cmake -S "$root" --preset "$preset" "${options[@]}" || exit 1
  quietly "build-$preset.log" cmake --build "$build/$preset" --parallel "$(jobs_at_once)" "${targets[@]}" || exit 1
  say "built $preset in $((SECONDS - started)) s"
}
