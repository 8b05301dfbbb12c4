# shellcheck shell=bash
# A private RabbitMQ with its own epmd: data, cookie, plugins and log below $SERVER_DIR/rabbitmq, on 127.0.0.1 only.
# Debian's wrapper in /usr/sbin insists on the system's node and data, so the server's own script is used.

rmq_dir() { printf '%s/rabbitmq' "$SERVER_DIR"; }
rmq_pid_file() { printf '%s/run/rabbitmq.pid' "$SERVER_DIR"; }
epmd_pid_file() { printf '%s/run/epmd.pid' "$SERVER_DIR"; }
rmq_log() { printf '%s/rabbitmq/log/server.log' "$SERVER_DIR"; }
rmq_console() { printf '%s/rabbitmq/log/console.log' "$SERVER_DIR"; }

# Prints the path of the server's own start script.
find_rabbitmq() {
  local path
  for path in /usr/lib/rabbitmq/bin/rabbitmq-server /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server \
    /opt/rabbitmq/sbin/rabbitmq-server; do
    if [[ -x $path ]]; then
      printf '%s' "$path"
      return 0
    fi
  done
  return 1
}

rmq_major() {
  local home
  home="$(dirname "$(dirname "$(readlink -f "$(find_rabbitmq)")")")"
  basename "$(printf '%s\n' "$home"/plugins/rabbit-[0-9]* | head -n1)" | sed -E 's/^rabbit-([0-9]+).*/\1/'
}

# The settings that the design of the ingest path asks of a broker. The admin user comes from the configuration at the very first start, on an empty
# node: so `guest` never exists, and no command line shows a password.
rmq_configure() {
  local dir file
  dir="$(rmq_dir)"
  file="$dir/rabbitmq.conf"
  (
    umask 077
    cat >"$file" <<CONF
# Written by scripts/servers at every start.
listeners.tcp.default = 127.0.0.1:$PORT_AMQP
management.tcp.ip = 127.0.0.1
management.tcp.port = $PORT_MANAGEMENT
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $PORT_PROMETHEUS
mqtt.listeners.tcp.default = 127.0.0.1:$PORT_MQTT
mqtt.vhost = wardtrack
mqtt.exchange = wt.ingest
mqtt.allow_anonymous = false
default_vhost = wardtrack
default_user = wt-admin
default_pass = $(cat "$SERVER_DIR/secrets/broker-admin-password")
default_user_tags.administrator = true
heartbeat = 10
# Production wants 4 GiB: quorum queues need room to shrink again. This private server shall run on a small disk.
disk_free_limit.absolute = 512MiB
# The default of 512 MiB is kept in memory too, which is too much for a machine under 16 GiB.
raft.wal_max_size_bytes = 134217728
log.console = false
log.file.level = info
log.file.rotation.size = 10485760
log.file.rotation.count = 3
CONF
    # From 4.0 on this name stands behind every anonymous login, over AMQP 1.0 too; 3.x does not know it.
    if (($(rmq_major) >= 4)); then printf 'anonymous_login_user = none\n' >>"$file"; fi
    printf '[rabbitmq_management,rabbitmq_mqtt,rabbitmq_prometheus].\n' >"$dir/enabled_plugins"
  )
  [[ -s $dir/.erlang.cookie ]] || (umask 077 && random_hex 16 >"$dir/.erlang.cookie" && chmod 400 "$dir/.erlang.cookie")
  if is_root; then chown rabbitmq: "$file" "$dir/enabled_plugins" "$dir/.erlang.cookie"; fi
}

# Started by us and not by the node, so that its pid is known: an epmd that Erlang starts outlives the node.
epmd_launch() {
  if recorded_pid "$(epmd_pid_file)" >/dev/null; then return 0; fi
  as_user_words rabbitmq
  (cd / && exec setsid "${AS_USER[@]}" env -i PATH=/usr/bin:/bin HOME="$(rmq_dir)" \
    epmd -port "$PORT_EPMD" -address 127.0.0.1) >"$(rmq_dir)/log/epmd.log" 2>&1 </dev/null 9>&- &
  record_pid "$(epmd_pid_file)" $!
}

rmq_launch() {
  local dir program
  if recorded_pid "$(rmq_pid_file)" >/dev/null; then return 0; fi
  program="$(find_rabbitmq)" || die "RabbitMQ is not installed"
  dir="$(rmq_dir)"
  # Its disk monitor puts the path between quotes for a shell and hangs at boot when there is one inside (3.10).
  if [[ $dir == *[\'\"\\\`\$]* ]]; then
    die "RabbitMQ cannot run in a folder whose name has a quote, backslash, backtick or dollar: $dir" \
      "Move the checkout, or keep the data elsewhere: WARDTRACK_LOCAL_DIR=/var/tmp/wardtrack"
  fi
  own_dir rabbitmq "$dir"
  own_dir rabbitmq "$dir/log"
  own_dir rabbitmq "$dir/data"
  rmq_configure
  rm -f "$dir/server.pid"
  epmd_launch
  wait_ready epmd 10 "$(epmd_pid_file)" "$dir/log/epmd.log" port_is_used "$PORT_EPMD" || return 1
  as_user_words rabbitmq
  # RUNNING_UNDER_SYSTEMD makes the start script replace itself by the Erlang machine instead of watching it: our pid
  # is then the server's own, and SIGTERM stops it in good order.
  (cd / && exec setsid "${AS_USER[@]}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$dir" \
    RUNNING_UNDER_SYSTEMD=true ERL_EPMD_PORT="$PORT_EPMD" ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP_SECONDS=0 \
    RABBITMQ_CONF_ENV_FILE="$dir/no-environment-file" RABBITMQ_NODENAME="wt-$SERVER_NAME@localhost" \
    RABBITMQ_DIST_PORT="$PORT_DISTRIBUTION" RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" \
    RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" RABBITMQ_CONFIG_FILES="$dir/conf.d" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" RABBITMQ_MNESIA_BASE="$dir/data" \
    RABBITMQ_MNESIA_DIR="$dir/data/node" RABBITMQ_GENERATED_CONFIG_DIR="$dir/data/config" \
    RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_LOGS="$(rmq_log)" RABBITMQ_PID_FILE="$dir/server.pid" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}" \
    "$program") >"$(rmq_console)" 2>&1 </dev/null 9>&- &
  record_pid "$(rmq_pid_file)" $!
}

port_is_used() { ! port_is_free "$1"; }

# The management answers with our password, and the AMQP listener greets: it is opened last, after the plugins.
rmq_answers() {
  port_is_used "$PORT_AMQP" && port_is_used "$PORT_MQTT" || return 1
  [[ $(http_status "$PORT_MANAGEMENT" /api/whoami wt-admin "$SERVER_DIR/secrets/broker-admin-password") == 200 ]] || return 1
  local fd answer=''
  { exec {fd}<>"/dev/tcp/127.0.0.1/$PORT_AMQP"; } 2>/dev/null || return 1
  printf 'AMQP\x00\x00\x09\x01' >&"$fd"
  answer="$(timeout 3 head -c 1 <&"$fd" | od -An -tx1 | tr -d ' ')" || true
  exec {fd}>&-
  [[ $answer == 01 ]] # a method frame: connection.start
}

rmq_finish() {
  local log pid
  log="$(rmq_log)"
  if ! wait_ready RabbitMQ 180 "$(rmq_pid_file)" "$log" rmq_answers; then
    tail -n 5 "$(rmq_console)" 2>/dev/null | sed 's/^/  | /' >&2
    return 1
  fi
  # Should a later version of the start script stay in between after all, keep the pid of the server itself.
  pid="$(as_user rabbitmq cat "$(rmq_dir)/server.pid" 2>/dev/null | tr -d ' \n' || true)"
  if [[ $pid =~ ^[0-9]+$ ]] && pid_runs "$pid"; then record_pid "$(rmq_pid_file)" "$pid"; fi
}

rmq_stop() {
  stop_pid "$(rmq_pid_file)" TERM 40 RabbitMQ
  stop_pid "$(epmd_pid_file)" TERM 5 epmd
}

rmq_kill() {
  local pid
  pid="$(recorded_pid "$(rmq_pid_file)")" || return 0
  kill_tree "$pid"
  rm -f "$(rmq_pid_file)"
}
