#!/bin/bash
# The entry point of the image zookeeper: writes what the variables say where nothing is yet, then becomes the server.
set -e

if [ "${1:-}" = zkServer.sh ] && [ "$(id -u)" = 0 ]; then
    for place in "$ZOO_DATA_DIR" "$ZOO_DATA_LOG_DIR" "$ZOO_LOG_DIR" "$ZOO_CONF_DIR"; do
        # A volume of a ConfigMap cannot be given to anybody, and need not be.
        find "$place" ! -user zookeeper -exec chown zookeeper:zookeeper {} + 2> /dev/null || :
    done
    exec setpriv --reuid=zookeeper --regid=zookeeper --clear-groups "$0" "$@"
fi

settings() {
    echo "dataDir=$ZOO_DATA_DIR"
    echo "dataLogDir=$ZOO_DATA_LOG_DIR"
    echo "tickTime=$ZOO_TICK_TIME"
    echo "initLimit=$ZOO_INIT_LIMIT"
    echo "syncLimit=$ZOO_SYNC_LIMIT"
    echo "autopurge.snapRetainCount=$ZOO_AUTOPURGE_SNAPRETAINCOUNT"
    echo "autopurge.purgeInterval=$ZOO_AUTOPURGE_PURGEINTERVAL"
    echo "maxClientCnxns=$ZOO_MAX_CLIENT_CNXNS"
    echo "standaloneEnabled=$ZOO_STANDALONE_ENABLED"
    echo "admin.enableServer=$ZOO_ADMINSERVER_ENABLED"
    local server
    for server in ${ZOO_SERVERS:-"server.1=localhost:2888:3888;2181"}; do
        echo "$server"
    done
    [ -z "${ZOO_4LW_COMMANDS_WHITELIST:-}" ] || echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"
    for server in ${ZOO_CFG_EXTRA:-}; do
        echo "$server"
    done
}

if [ "${1:-}" = zkServer.sh ]; then
    [ -f "$ZOO_CONF_DIR/zoo.cfg" ] || settings > "$ZOO_CONF_DIR/zoo.cfg"
    [ -f "$ZOO_DATA_DIR/myid" ] || echo "${ZOO_MY_ID:-1}" > "$ZOO_DATA_DIR/myid"
fi
exec "$@"
