# shellcheck shell=bash
# A private Postgres: data, socket and log below $SERVER_DIR/postgres, reachable on 127.0.0.1 only.

PG_MAJOR_LOWEST=15

pg_dir() { printf '%s/postgres' "$SERVER_DIR"; }
pg_pid_file() { printf '%s/run/postgres.pid' "$SERVER_DIR"; }
pg_log() { printf '%s/postgres/server.log' "$SERVER_DIR"; }

# find_pg_bin [MAJOR]: the folder with initdb and postgres; newest first, or exactly MAJOR.
find_pg_bin() {
  local dir version
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -Vr) \
    "$(pg_config --bindir 2>/dev/null || true)" /usr/bin /usr/local/bin; do
    [[ -x $dir/postgres && -x $dir/initdb && -x $dir/psql ]] || continue
    version="$("$dir/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')"
    if [[ -n ${1:-} ]]; then
      [[ $version == "$1" ]] || continue
    else
      ((version >= PG_MAJOR_LOWEST)) || continue
    fi
    printf '%s' "$dir"
    return 0
  done
  return 1
}

# Sets PG_BIN. Data of an older major version need the binaries of that version.
choose_pg_bin() {
  local major=''
  if [[ -s $(pg_dir)/data/PG_VERSION ]]; then major="$(as_user postgres cat "$(pg_dir)/data/PG_VERSION")"; fi
  PG_BIN="$(find_pg_bin "$major")" || die "no Postgres ${major:-$PG_MAJOR_LOWEST or newer} is installed" \
    "${major:+The data in $(pg_dir)/data were made by version $major. Install it, or remove them: scripts/servers wipe $SERVER_NAME}"
}

# Postgres accepts socket paths of at most 107 bytes and reads commas as separators; TCP is enough without.
pg_socket_dir() {
  local dir
  dir="$(pg_dir)/socket"
  if ((${#dir} <= 85)) && [[ $dir != *[,\'\"\\]* ]]; then printf '%s' "$dir"; fi
}

pg_init() {
  local data pw
  data="$(pg_dir)/data"
  [[ -s $data/PG_VERSION ]] && return 0
  # An initdb that was cut off leaves a folder without PG_VERSION at the end of its work; initdb wants it empty.
  rm -rf "$data"
  pw="$(pg_dir)/superuser-password"
  (umask 077 && cat "$SERVER_DIR/secrets/postgres-superuser-password" >"$pw")
  if is_root; then chown postgres "$pw"; fi
  say "  postgres: making a new database cluster"
  if ! (cd / && as_user postgres env -i PATH="$PG_BIN:/usr/bin:/bin" LANG=C.UTF-8 HOME="$(pg_dir)" \
    "$PG_BIN/initdb" --pgdata="$data.new" --username=postgres --pwfile="$pw" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync) >"$SERVER_DIR/run/initdb.log" 2>&1; then
    rm -rf "$pw" "$data.new"
    tail -n 20 "$SERVER_DIR/run/initdb.log" >&2
    die "initdb failed; the lines above are from $SERVER_DIR/run/initdb.log"
  fi
  rm -f "$pw"
  if [[ ! -e $SERVER_DIR/fast ]]; then sync -f "$data.new"; fi
  mv "$data.new" "$data" # the folder is there completely or not at all
}

# pg_configure: our settings replace the generated file at every start, so that a port or --fast can change.
pg_configure() {
  local file fsync=on
  if [[ -e $SERVER_DIR/fast ]]; then fsync=off; fi
  file="$(pg_dir)/data/postgresql.conf"
  cat >"$file" <<CONF
# Written by scripts/servers at every start.
listen_addresses = '127.0.0.1'
port = $PORT_POSTGRES
unix_socket_directories = '$(pg_socket_dir)'
max_connections = 200
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
log_checkpoints = off
log_lock_waits = on
# One machine with flash storage, shared with the broker and wardtrack itself.
shared_buffers = '256MB'
effective_cache_size = '1GB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
random_page_cost = 1.1
effective_io_concurrency = 100
max_wal_size = '2GB'
checkpoint_timeout = '10min'
wal_compression = 'on'
jit = off
# Day partitions: a dump locks all of them in one transaction.
max_locks_per_transaction = 256
# off only for tests (--fast): the data survive a killed server, but not a power cut.
fsync = $fsync
full_page_writes = $fsync
synchronous_commit = on
CONF
  if is_root; then chown postgres "$file"; fi
}

# After SIGKILL or a power cut postmaster.pid and the socket's lock stay. Postgres compares them with processes by
# number only, and the number may belong to anything by now, or to a zombie that nobody reaps yet.
pg_remove_stale_lock() {
  local lock pid
  lock="$(pg_dir)/data/postmaster.pid"
  pid="$(head -n1 "$lock" 2>/dev/null || true)"
  if [[ $pid =~ ^[0-9]+$ ]] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$(pg_dir)/data"; then
    die "a Postgres that scripts/servers did not record runs on these data (pid $pid)" "Stop it first: kill -INT $pid"
  fi
  # Children of a killed server live until they next look up, and hold the shared memory meanwhile.
  for pid in $(pg_orphans); do kill -KILL "$pid" 2>/dev/null || true; done
  rm -f "$lock" "$(pg_dir)/socket/".s.PGSQL.*
}

# Postgres processes whose working folder are our data.
pg_orphans() {
  local cwd
  for cwd in /proc/[0-9]*/cwd; do
    if [[ $(readlink "$cwd" 2>/dev/null) == "$(pg_dir)/data" && $(cat "${cwd%cwd}comm" 2>/dev/null) == postgres ]]; then
      cwd="${cwd#/proc/}"
      printf '%s\n' "${cwd%/cwd}"
    fi
  done
}

pg_ask() {
  env -i PATH="/usr/bin:/bin" LANG=C.UTF-8 PGPASSFILE="$SERVER_DIR/secrets/pgpass" PGCONNECT_TIMEOUT=3 \
    "$PG_BIN/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host=127.0.0.1 --port="$PORT_POSTGRES" --username=postgres --dbname=postgres "$@"
}

pg_answers() { pg_ask --command='SELECT 1' >/dev/null 2>&1; }

# pg_launch: starts the process and returns; pg_finish waits for it. So both servers can start side by side.
pg_launch() {
  local dir log
  if recorded_pid "$(pg_pid_file)" >/dev/null; then return 0; fi
  dir="$(pg_dir)"
  log="$(pg_log)"
  own_dir postgres "$dir"
  own_dir postgres "$dir/socket"
  choose_pg_bin
  pg_init
  pg_configure
  pg_remove_stale_lock
  if [[ -s $log ]]; then mv -f "$log" "$log.old"; fi
  (umask 077 && printf '127.0.0.1:%s:*:postgres:%s\n' "$PORT_POSTGRES" \
    "$(cat "$SERVER_DIR/secrets/postgres-superuser-password")" >"$SERVER_DIR/secrets/pgpass")
  as_user_words postgres
  # A session of its own, so that Ctrl-C in the terminal reaches us and not the server. fd 9 is our lock.
  (cd / && exec setsid "${AS_USER[@]}" env -i PATH="$PG_BIN:/usr/bin:/bin" LANG=C.UTF-8 HOME="$dir" \
    "$PG_BIN/postgres" -D "$dir/data") >"$log" 2>&1 </dev/null 9>&- &
  record_pid "$(pg_pid_file)" $!
}

pg_finish() {
  choose_pg_bin
  wait_ready Postgres 120 "$(pg_pid_file)" "$(pg_log)" pg_answers || return 1
  local password
  password="$(cat "$SERVER_DIR/secrets/postgres-password")"
  # On stdin: a password on a command line can be read by every user of the machine.
  pg_ask >/dev/null <<SQL
SELECT 'CREATE ROLE wardtrack' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wardtrack') \\gexec
-- CREATEDB because each test makes its own database; nothing more than that.
ALTER ROLE wardtrack LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD '$password';
SELECT 'CREATE DATABASE wardtrack OWNER wardtrack' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'wardtrack') \\gexec
SQL
}

# SIGINT is Postgres' fast stop: sessions are ended, data are written.
pg_stop() { stop_pid "$(pg_pid_file)" INT 30 Postgres; }

pg_kill() {
  local pid
  pid="$(recorded_pid "$(pg_pid_file)")" || return 0
  # With its children: a surviving one would hold the shared memory and hinder the next start.
  kill_tree "$pid"
  rm -f "$(pg_pid_file)"
}
