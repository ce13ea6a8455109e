# shellcheck shell=bash
# What the stages of scripts/test stand on: words, commands that are shown, tools that may be missing.
#
# A stage runs in a subshell of its own. What it has to tell the summary it leaves in $scratch.

: "${root:?}" "${scratch:?}" "${install:?}" # set by scripts/test

cache=${HYPERRSI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hyperrsi}
tools=$cache/tools
PATH=$PATH:$tools/bin # what the user has installed comes first

die() {
  printf 'error: %s\n' "$*"
  exit 1
}

# Shows a command, then runs it.
step() {
  printf '$ %s\n' "$*"
  "$@"
}

# Runs a command for at most so many seconds, where the machine can tell (macOS has no `timeout`).
within() {
  local seconds=$1
  shift
  if has timeout; then timeout "$seconds" "$@"; else "$@"; fi
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# Something was not checked. That is told at the end; in CI it is a failure.
skipped() {
  [ -z "${CI:-}" ] || die "$*, and CI skips nothing"
  printf 'skipped: %s\n' "$*"
  printf '%s\n' "$*" >>"$scratch/skipped"
}

# need_* succeed if the thing is there, or if --install was given and it could be installed. They say nothing where
# it is missing: the caller knows what goes unchecked.

need_component() { # rustup component, its command
  has "$2" && "$2" --version >/dev/null 2>&1 && return
  if [ "$install" = yes ] && has rustup; then
    step rustup component add "$1" || die "could not install the component $1"
  else
    die "$2 is missing: rustup component add $1"
  fi
}

need_tool() { # crate, version, options of cargo install...
  local crate=$1 version=$2
  shift 2
  if has "$crate" && [ "$(command -v "$crate")" != "$tools/bin/$crate" ]; then return; fi
  if cargo install --list --root "$tools" 2>/dev/null | grep -qx "$crate v$version:"; then return; fi
  [ "$install" = yes ] || return
  # Built to be built quickly: these tools run for seconds. Not in the project's target folder, whose artefacts they
  # would never share.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR=$scratch/build-$crate \
    step cargo install --locked --quiet --root "$tools" --version "$version" "$@" "$crate" ||
    die "could not install $crate $version"
  rm -rf "$scratch/build-$crate"
}

need_chromium() {
  if has chromium || has google-chrome; then return; fi
  [ "$install" = yes ] && has apt-get && [ "$(id -u)" = 0 ] || return
  # Text needs a font, and without the recommended packages none would come along.
  apt_install chromium fonts-liberation
}

need_python() {
  if has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; then return; fi
  [ "$install" = yes ] && has apt-get && [ "$(id -u)" = 0 ] || return
  apt_install python3 python3-venv
}

apt_install() {
  local attempt
  printf '$ apt-get install %s\n' "$*"
  for attempt in 1 2 3 4 5; do
    if apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
      -o DPkg::Lock::Timeout=120 install "$@"; then
      return
    fi >"$scratch/apt.log" 2>&1
    [ "$attempt" = 5 ] || sleep $((attempt * 10)) # another apt may hold the lock
  done
  tail -n 20 "$scratch/apt.log"
  die "could not install $*"
}

# The numbers of other software that some tests compare with. They are not part of the repository.
need_oracles() {
  local folder=${HYPERRSI_ORACLES:-$root/../shared/oracles}
  [ -d "$folder" ] || return
  HYPERRSI_ORACLES=$(cd "$folder" && pwd)
  export HYPERRSI_ORACLES
}

# One line per workspace package that has features: its manifest, a tab, the features.
packages_with_features() {
  cargo metadata --no-deps --locked --format-version 1 >"$scratch/metadata.json" || return
  # A package's features are an object of arrays; a dependency's are an array. No jq or Python is needed to tell.
  grep -oE '"features":\{[^{}]+\},"manifest_path":"[^"]+"' "$scratch/metadata.json" |
    sed -E -e 's/\[[^]]*\]//g' -e 's/"features":\{(.*)\},"manifest_path":"(.*)"$/\2|\1/' -e 's/[",]//g' -e 's/:/ /g' |
    tr '|' '\t'
}

# From cargo's JSON messages: the executables of examples, one a line.
built_examples() {
  grep -E '"kind":\["example"\]' "$1" | sed -nE 's/.*"executable":"([^"]+)".*/\1/p'
}

# From cargo's JSON messages: how many crates were needed, build scripts' and macros' dependencies included.
crates_needed() {
  grep -E '"reason":"compiler-artifact"' "$1" | sed -E 's/.*"package_id":"([^"]+)".*/\1/' | sort -u | grep -c .
}
