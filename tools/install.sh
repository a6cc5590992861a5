#!/bin/sh
# Installs one tool if it is missing, saying what it does and how long that takes.
#
#   tools/install.sh cargo <crate> <version> [cargo install options]
#   tools/install.sh wasm-target
#   tools/install.sh browsers [chromium]
#   tools/install.sh nodes
#   tools/install.sh redis
#
# Cargo's tools go into a cache of the user's, one folder per version, so that a second clone waits
# for nothing. They run for seconds and are built once: without optimisation they build in a third
# of the time.
set -eu

cache=${EVERWIRE_TOOLS:?the Makefile says where the tools are kept}

say() { echo "==> $*" >&2; }

install_crate() {
  crate=$1 version=$2
  shift 2
  root=$cache/$crate-$version
  [ -d "$root/bin" ] && return

  mkdir -p "$cache"
  if [ -z "${EVERWIRE_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    # Two clones that want the same tool build it once. The second finds it done.
    export EVERWIRE_LOCKED=1
    exec flock "$cache/$crate-$version.lock" "$0" cargo "$crate" "$version" "$@"
  fi

  say "$crate $version: building it for this user, once (about a minute on two cores)"
  unfinished=$cache/.unfinished-$crate-$version-$$
  trap 'rm -rf "$unfinished"' EXIT INT TERM
  # Built outside the tree, so that the settings of this project's .cargo do not apply.
  (
    cd "$cache"
    unset CARGO_TARGET_DIR RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_STRIP=debuginfo \
      cargo install --quiet "$crate" --version "$version" --root "$unfinished" --no-track "$@"
  )
  mv "$unfinished" "$root"
}

install_wasm_target() {
  target=wasm32-unknown-unknown
  library=$(rustc --print sysroot)/lib/rustlib
  [ -d "$library/$target/lib" ] && [ -d "$library/src/rust/library" ] && return
  if ! command -v rustup >/dev/null 2>&1; then
    echo "The Rust target $target or the sources of the standard library (rust-src) are missing, and there is no rustup: install them with the package manager Rust came from." >&2
    exit 1
  fi
  say "Rust target $target and the sources of the standard library (a few seconds)"
  rustup target add "$target"
  rustup component add rust-src
}

missing() {
  for wanted in "$@"; do
    case $wanted in
      chromium) command -v chromium >/dev/null 2>&1 || echo chromium ;;
      chromium-driver) command -v chromedriver >/dev/null 2>&1 || echo chromium-driver ;;
      firefox-esr) command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 || echo firefox-esr ;;
      webkit2gtk-driver) command -v WebKitWebDriver >/dev/null 2>&1 || echo webkit2gtk-driver ;;
      xvfb) command -v xvfb-run >/dev/null 2>&1 || echo xvfb ;;
      xauth) command -v xauth >/dev/null 2>&1 || echo xauth ;;
      redis-server) command -v redis-server >/dev/null 2>&1 || echo redis-server ;;
      nginx-light) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || echo nginx-light ;;
    esac
  done
}

# What a package is for, and then packages by their names in Debian.
install_packages() {
  purpose=$1
  shift
  # Unquoted on purpose: a list of package names.
  # shellcheck disable=SC2046
  set -- $(missing "$@")
  [ $# -gt 0 ] || return 0

  as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  if ! command -v apt-get >/dev/null 2>&1 || { [ -n "$as_root" ] && ! sudo -n true 2>/dev/null; }; then
    echo "$purpose: please install these (by their names in Debian): $*" >&2
    exit 1
  fi
  say "$purpose: $* (apt, about a minute)"
  # The time-out lets two clones install at once; without it the second fails.
  wait_for_lock='-o DPkg::Lock::Timeout=300'
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  $as_root apt-get $wait_for_lock update -q >/dev/null || true
  # Their services are not wanted: who needs one starts one.
  # shellcheck disable=SC2086
  RUNLEVEL=1 $as_root apt-get $wait_for_lock install -q -y --no-install-recommends "$@" >/dev/null
}

install_browsers() {
  [ $# -gt 0 ] || set -- chromium chromium-driver firefox-esr webkit2gtk-driver xvfb xauth
  install_packages "Browsers and their drivers" "$@"
}

what=$1
shift
case $what in
  cargo) install_crate "$@" ;;
  wasm-target) install_wasm_target ;;
  browsers) install_browsers "$@" ;;
  redis) install_packages "A Redis for tests of several servers" redis-server ;;
  nodes) install_packages "What several server processes share" redis-server nginx-light ;;
  *)
    echo "tools/install.sh: does not know how to install '$what'" >&2
    exit 2
    ;;
esac
