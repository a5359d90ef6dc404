#!/bin/bash
# The client of ZooKeeper.
home=$(dirname "$(dirname "$(readlink -f "$0")")")
exec java -cp "${ZOOCFGDIR:-/conf}:$home/lib/*" "-Xmx${ZK_CLIENT_HEAP:-256}m" $CLIENT_JVMFLAGS $JVMFLAGS org.apache.zookeeper.ZooKeeperMain "$@"
