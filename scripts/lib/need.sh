# shellcheck shell=bash
# need WHAT..: makes sure that a program is there, installing it from the distribution when it can (Debian 12 and 13).
#
#   postgres   Postgres 15+       the database                        rabbitmq   RabbitMQ 3.10+   readers' messages
#   node       node 18+ and npm   fetches the browser-side files      chromium   any recent       the browser tests
#   cc         a C linker         Rust links with it                  rust       as Cargo.toml    wardtrack itself
#   libclang   any recent         builds the migration check (scripts/check-supply)

# Read by the name of the thing needed, so shellcheck sees no use of them.
# shellcheck disable=SC2034
{
  NEED_WHY_postgres="the database"
  NEED_WHY_rabbitmq="the message broker that readers publish to"
  NEED_WHY_node="fetches the pinned browser-side files (htmx) and runs the browser tests"
  NEED_WHY_chromium="the browser of the browser tests"
  NEED_WHY_cc="Rust links programs with it"
  NEED_WHY_libclang="builds the tool that checks migrations"
  NEED_PACKAGES_postgres="postgresql postgresql-common"
  NEED_PACKAGES_rabbitmq="rabbitmq-server"
  NEED_PACKAGES_node="nodejs npm"
  NEED_PACKAGES_chromium="chromium"
  NEED_PACKAGES_cc="gcc libc6-dev"
  NEED_PACKAGES_libclang="libclang-dev make"
  NEED_VERSION_postgres="Postgres 15 or newer (with its contrib modules)"
  NEED_VERSION_rabbitmq="RabbitMQ 3.10 or newer"
  NEED_VERSION_node="node 18 or newer with npm"
  NEED_VERSION_chromium="Chromium or Chrome (set WARDTRACK_CHROMIUM to its path if it has another name)"
  NEED_VERSION_cc="gcc or clang, and the C library's development files"
  NEED_VERSION_libclang="libclang with its headers, and make"
}

find_chromium() {
  local name
  if [[ -n ${WARDTRACK_CHROMIUM:-} ]]; then
    [[ -x $WARDTRACK_CHROMIUM ]] || die "WARDTRACK_CHROMIUM names $WARDTRACK_CHROMIUM, which is no program"
    printf '%s' "$WARDTRACK_CHROMIUM"
    return 0
  fi
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    if command -v "$name"; then return 0; fi
  done
  return 1
}

node_is_there() {
  command -v node >/dev/null && command -v npm >/dev/null || return 1
  local major
  major="$(node --version)" || return 1
  major="${major#v}"
  ((${major%%.*} >= 18))
}

is_there() {
  case "$1" in
  postgres) find_pg_bin >/dev/null ;;
  rabbitmq) find_rabbitmq >/dev/null && command -v epmd >/dev/null ;;
  node) node_is_there ;;
  chromium) find_chromium >/dev/null ;;
  cc) command -v cc >/dev/null ;;
  libclang) compgen -G '/usr/lib/llvm-*/lib/clang/*/include' >/dev/null && command -v make >/dev/null ;;
  esac
}

need() {
  local what missing=() packages=() words variable
  [[ $(uname -s) == Linux ]] || die "these scripts run on Linux only" "docker-compose.yml runs wardtrack elsewhere."
  for what in "$@"; do
    if [[ $what == rust ]]; then
      need_rust
    elif ! is_there "$what"; then
      missing+=("$what")
    fi
  done
  ((${#missing[@]})) || return 0

  for what in "${missing[@]}"; do
    variable="NEED_PACKAGES_$what"
    read -ra words <<<"${!variable}"
    packages+=("${words[@]}")
  done
  if ! is_debian_we_know; then
    refuse_to_install "this is ${DISTRIBUTION:-an unknown distribution}; packages are installed on Debian 12 and 13 only"
  fi
  install_packages
  for what in "${missing[@]}"; do
    variable="NEED_VERSION_$what"
    is_there "$what" || die "after installing ${packages[*]} there is still no ${!variable}"
  done
}

is_debian_we_know() {
  local ID='' VERSION_ID='' PRETTY_NAME=''
  # shellcheck source=/dev/null
  if [[ -r /etc/os-release ]]; then . /etc/os-release; fi
  DISTRIBUTION="$PRETTY_NAME"
  [[ $ID == debian && ($VERSION_ID == 12 || $VERSION_ID == 13) ]] && command -v apt-get >/dev/null
}

# refuse_to_install REASON: names what has to be installed by hand. Uses `missing` and `packages` of need().
refuse_to_install() {
  local what variable why lines=()
  for what in "${missing[@]}"; do
    variable="NEED_VERSION_$what"
    why="NEED_WHY_$what"
    lines+=("  - ${!variable}: ${!why}")
  done
  die "programs are missing and cannot be installed from here: $1" "Install these and run this again:" "${lines[@]}" \
    "On Debian 12 or 13: sudo apt-get install --no-install-recommends ${packages[*]}" \
    "wardtrack starts its own private servers; the system's services need not run."
}

# Uses `missing` and `packages` of need().
install_packages() {
  local what variable sudo=()
  if ! is_root; then
    if ! command -v sudo >/dev/null; then
      refuse_to_install "you are not root and there is no sudo"
    elif ! sudo -n true 2>/dev/null && [[ ! -t 0 ]]; then
      refuse_to_install "you are not root, and sudo asks for a password, which cannot be typed here"
    fi
    sudo=(sudo)
  fi
  say "Installing from ${DISTRIBUTION:-the distribution}: ${packages[*]}"
  for what in "${missing[@]}"; do
    variable="NEED_WHY_$what"
    say "  - $what: ${!variable}"
  done
  # One script under one sudo: it changes two system files for the time of the installation and puts them back.
  "${sudo[@]}" bash "$ROOT_DIR/scripts/lib/apt-install" "${packages[@]}" ||
    die "installing failed; the lines above say why" "Package lists too old or no network? Try: apt-get update"
}

need_rust() {
  local wanted have
  command -v cargo >/dev/null || [[ ! -x $HOME/.cargo/bin/cargo ]] || PATH="$HOME/.cargo/bin:$PATH"
  wanted="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT_DIR/Cargo.toml")"
  command -v cargo >/dev/null ||
    die "Rust is not installed; wardtrack needs $wanted or newer" "Install it with rustup (rustup.rs) and run this again."
  have="$(cd "$ROOT_DIR" && cargo --version | sed -E 's/^cargo ([0-9.]+).*/\1/')"
  [[ $(printf '%s\n' "$wanted" "$have" | sort -V | head -n1) == "$wanted" ]] ||
    die "Rust $have is too old; wardtrack needs $wanted or newer" "With rustup: rustup update stable"
}
