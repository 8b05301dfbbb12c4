# shellcheck shell=bash
# Shared by all scripts: messages, places, processes, ports. Source it, don't run it.
#
# The servers' own parts are in lib/postgres.sh and lib/rabbitmq.sh, the installing of packages in lib/need.sh.

ROOT_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# Everything that scripts make lies below here. It can be moved: as root the servers run as system users, and those
# cannot enter a checkout in a closed folder such as /root.
# shellcheck disable=SC2034 # used by the scripts that source this
LOCAL_DIR="${WARDTRACK_LOCAL_DIR:-$ROOT_DIR/.local}"

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  if (($#)); then printf '       %s\n' "$@" >&2; fi
  exit 1
}

is_root() { [[ $EUID -eq 0 ]]; }

# Seconds with one decimal since the moment given (as of now_ms).
now_ms() {
  local t="$EPOCHREALTIME"
  t="${t/[.,]/}"
  printf '%s' "$((t / 1000))"
}
seconds_since() {
  local tenths=$((($(now_ms) - $1) / 100))
  printf '%d.%d' "$((tenths / 10))" "$((tenths % 10))"
}

# ---- stages: what took how long --------------------------------------------------------------------------------

STAGE_ROWS=()
STAGE_NAME=''
STAGE_FROM_MS=0
STAGE_BUDGET_S=''
STAGES_FROM_MS="$(now_ms)"

# stage NAME [BUDGET_S]: the former stage ends, this one begins.
stage() {
  stage_end ok
  STAGE_NAME="$1"
  STAGE_BUDGET_S="${2:-}"
  STAGE_FROM_MS="$(now_ms)"
  say ""
  say "==> $STAGE_NAME${STAGE_BUDGET_S:+ (budget $STAGE_BUDGET_S s)}"
}

stage_end() {
  [[ -n $STAGE_NAME ]] || return 0
  local took budget='' note="$1"
  took="$(seconds_since "$STAGE_FROM_MS")"
  if [[ -n $STAGE_BUDGET_S ]]; then
    budget="of $STAGE_BUDGET_S s"
    if ((${took%.*} >= STAGE_BUDGET_S)); then note="$note, over budget"; fi
  fi
  STAGE_ROWS+=("$(printf '%-26s %8s s  %-12s %s' "$STAGE_NAME" "$took" "$budget" "$note")")
  say "    $STAGE_NAME: $took s ${budget:+$budget, }$note"
  STAGE_NAME=''
}

print_stages() {
  say ""
  say "Stages:"
  if ((${#STAGE_ROWS[@]})); then printf '  %s\n' "${STAGE_ROWS[@]}"; fi
  say "  $(printf '%-26s %8s s' total "$(seconds_since "$STAGES_FROM_MS")")"
}

# ---- users and folders -----------------------------------------------------------------------------------------

# as_user USER CMD..: run CMD as that user when we are root, else as ourselves (a server owned by the caller).
as_user() {
  local user="$1"
  shift
  if is_root; then
    setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
  else
    "$@"
  fi
}

# The words that must precede a command so that it runs as USER; for places where a function cannot be exec'ed.
as_user_words() {
  AS_USER=()
  # shellcheck disable=SC2034 # read by the caller
  if is_root; then AS_USER=(setpriv --reuid="$1" --regid="$(id -g "$1")" --init-groups --); fi
}

# As root a server runs as a system user, who must be able to pass through every folder above its data.
check_user_can_enter() {
  local user="$1" path="$2" part='' rest
  is_root || return 0
  id "$user" >/dev/null 2>&1 || die "there is no system user '$user' here" \
    "As root the servers run as the users that their packages make (postgres, rabbitmq)." \
    "Install the packages, or run this as an ordinary user."
  rest="${path#/}"
  while :; do
    if [[ -d ${part:-/} ]] && ! as_user "$user" test -x "${part:-/}"; then
      die "the system user '$user' cannot enter the folder ${part:-/}" \
        "As root the servers run as system users, whose data would lie below $path." \
        "Do one of these:" \
        "  - clone wardtrack into a folder that others may enter, e.g. /srv/wardtrack or /opt/wardtrack" \
        "  - keep the data elsewhere: WARDTRACK_LOCAL_DIR=/var/tmp/wardtrack $0 ..." \
        "  - let others pass through that folder: chmod o+x '${part:-/}'" \
        "  - run this as an ordinary user"
    fi
    [[ -n $rest ]] || break
    part="$part/${rest%%/*}"
    if [[ $rest == */* ]]; then rest="${rest#*/}"; else rest=''; fi
  done
}

# own_dir USER DIR: make DIR for USER alone. With everything in it, when an ordinary user ran the servers before.
own_dir() {
  mkdir -p "$2"
  chmod 700 "$2"
  if is_root && [[ $(stat -c %U "$2") != "$1" ]]; then chown -R "$1:$(id -g "$1")" "$2"; fi
}

# ---- secrets ---------------------------------------------------------------------------------------------------

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# secret_file PATH BYTES: a random value made once; later calls keep it. No line end, so that readers need not trim.
secret_file() {
  [[ -s $1 ]] && return 0
  (umask 077 && random_hex "$2" >"$1.new" && mv "$1.new" "$1")
}

# ---- processes -------------------------------------------------------------------------------------------------
# A pid alone says little after a crash or a power cut: another process may have it by now. So a pid file holds the
# pid, the start time of that process and the boot it belongs to, and only an exact match counts as "ours".

process_started() {
  local stat
  stat="$(cat "/proc/$1/stat" 2>/dev/null)" || return 1
  stat="${stat##*) }" # the name in parentheses may hold blanks
  # shellcheck disable=SC2086 # the fields are wanted as words
  set -- $stat
  [[ $1 != Z && $1 != X ]] || return 1 # a zombie is dead: nobody may reap it for a while in a container
  printf '%s' "${20}"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

record_pid() { printf '%s %s %s\n' "$2" "$(process_started "$2" || echo gone)" "$(boot_id)" >"$1"; }

# recorded_pid FILE: prints the pid when exactly that process still runs, else fails.
recorded_pid() {
  local pid started boot
  [[ -s $1 ]] || return 1
  read -r pid started boot <"$1" || return 1
  [[ $boot == "$(boot_id)" && $started == "$(process_started "$pid")" ]] || return 1
  printf '%s' "$pid"
}

pid_runs() { process_started "$1" >/dev/null; }

children_of() { cat "/proc/$1/task/"*/children 2>/dev/null || true; }

# wait_gone SECONDS PID..: until none of them runs.
wait_gone() {
  local until_ms pid
  until_ms=$(($(now_ms) + $1 * 1000))
  shift
  for pid in "$@"; do
    while pid_runs "$pid"; do
      (($(now_ms) < until_ms)) || return 1
      sleep 0.05
    done
  done
}

# stop_pid FILE SIGNAL SECONDS NAME: ask politely, then insist.
stop_pid() {
  local file="$1" signal="$2" seconds="$3" name="$4" pid
  if pid="$(recorded_pid "$file")"; then
    kill -s "$signal" "$pid" 2>/dev/null || ! pid_runs "$pid" ||
      die "may not stop $name (pid $pid): it belongs to user $(stat -c %U "/proc/$pid")" "Run this as that user or as root."
    if ! wait_gone "$seconds" "$pid"; then
      warn "$name (pid $pid) did not stop within $seconds s, killing it"
      kill_tree "$pid"
    fi
  fi
  rm -f "$file"
}

# SIGKILL to a process and its children. The children are listed first: afterwards they have another parent.
kill_tree() {
  local children
  children="$(children_of "$1")"
  # shellcheck disable=SC2086 # a list of pids
  kill -KILL "$1" $children 2>/dev/null || true
  # shellcheck disable=SC2086
  wait_gone 10 "$1" $children || die "process $1 survived SIGKILL"
}

# run CMD..: a long command that a signal may end. In the foreground bash would look at a signal only after the command
# has ended. It gets a process group of its own, so that whatever it starts in turn is ended with it; so it has no
# terminal to read from.
CHILD=''
run() {
  local code=0
  set -m
  "$@" </dev/null 9>&- &
  CHILD=$!
  set +m
  wait "$CHILD" || code=$?
  CHILD=''
  return "$code"
}

# For the clean-up after a signal: ends what run() has started.
stop_child() {
  [[ -n $CHILD ]] && pid_runs "$CHILD" || return 0
  kill -TERM -- "-$CHILD" 2>/dev/null || true
  wait_gone 20 "$CHILD" || true
  kill -KILL -- "-$CHILD" 2>/dev/null || true
}

# wait_ready NAME SECONDS PIDFILE LOGFILE CMD..: poll CMD until it succeeds; on failure show the end of the log.
wait_ready() {
  local name="$1" seconds="$2" pid_file="$3" log="$4" until_ms why=''
  shift 4
  until_ms=$(($(now_ms) + seconds * 1000))
  until "$@"; do
    if ! recorded_pid "$pid_file" >/dev/null; then
      why="$name ended while starting"
    elif (($(now_ms) >= until_ms)); then
      why="$name was not ready after $seconds s"
    fi
    if [[ -n $why ]]; then
      {
        printf 'error: %s. The last lines of %s:\n' "$why" "$log"
        tail -n 15 "$log" 2>/dev/null | sed 's/^/  | /'
      } >&2
      return 1
    fi
    sleep 0.1
  done
}

# ---- ports -----------------------------------------------------------------------------------------------------

# Hexadecimal numbers of the ports that somebody listens on, one per line; /proc needs no tool and no rights. Closed
# connections (TIME_WAIT) do not count: they hinder no server, and after a restart our own ports are full of them.
used_ports() { awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u; }

port_is_free() { ! used_ports | grep -qx "$(printf '%04X' "$1")"; }

# pick_ports N: prints N different free ports, below the range from which the kernel takes ports of clients.
pick_ports() {
  local wanted="$1" taken port found=0 chosen=' '
  taken="$(used_ports)"
  while ((found < wanted)); do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if [[ $chosen != *" $port "* ]] && ! grep -qx "$(printf '%04X' "$port")" <<<"$taken"; then
      chosen+="$port "
      found=$((found + 1))
    fi
  done
  printf '%s' "${chosen# }"
}

# http_status PORT PATH [USER PASSWORD_FILE]: status code of a GET on 127.0.0.1, 000 when there is no answer.
# By bash alone: no curl needed, and the password is on no command line.
http_status() {
  local port="$1" path="$2" auth='' answer='' fd
  if (($# > 2)); then auth="Authorization: Basic $(printf '%s:%s' "$3" "$(cat "$4")" | base64 -w0)"$'\r\n'; fi
  if { exec {fd}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n%s\r\n' "$path" "$port" "$auth" >&"$fd" || true
    read -r -t 3 -u "$fd" answer || true
    timeout 3 cat <&"$fd" >/dev/null || true # to its end, so that the server logs no broken connection
    exec {fd}>&-
  fi
  answer="${answer#* }"
  answer="${answer%% *}"
  [[ $answer =~ ^[0-9]{3}$ ]] || answer=000
  printf '%s' "$answer"
}
