#!/bin/bash
# The server of ZooKeeper in the foreground, what it says of itself, and its version.
home=$(dirname "$(dirname "$(readlink -f "$0")")")
config=${ZOOCFGDIR:-/conf}
settings=$config/zoo.cfg
run=(java "-Dzookeeper.log.dir=${ZOO_LOG_DIR:-/logs}" -cp "$config:$home/lib/*")

case "${1:-}" in
    start-foreground)
        [ -z "${2:-}" ] || settings=$2
        exec "${run[@]}" "-Xmx${ZK_SERVER_HEAP:-1000}m" $SERVER_JVMFLAGS $JVMFLAGS -XX:+HeapDumpOnOutOfMemoryError -XX:+ExitOnOutOfMemoryError \
            org.apache.zookeeper.server.quorum.QuorumPeerMain "$settings"
        ;;
    status)
        port=$(sed -n 's/^clientPort=//p; s/^server\..*;\(.*:\)\{0,1\}\([0-9]*\)$/\2/p' "$settings" | head -n 1)
        mode=$("${run[@]}" "-Xmx${ZK_CLIENT_HEAP:-256}m" $CLIENT_JVMFLAGS $JVMFLAGS org.apache.zookeeper.client.FourLetterWordMain \
            localhost "${port:-2181}" srvr 2> /dev/null | grep '^Mode: ') || { echo "Error contacting service. It is probably not running."; exit 1; }
        echo "$mode"
        ;;
    version) exec "${run[@]}" org.apache.zookeeper.version.VersionInfoMain 2> /dev/null ;;
    *)
        echo "Usage: $0 {start-foreground [CONFIG]|status|version}" >&2
        exit 1
        ;;
esac
