#!/bin/bash
# What the image cp-kafka runs: variables become settings, then it becomes the server.
set -e -o pipefail

settings=${KAFKA_SETTINGS_FILE:-/etc/kafka/kafka.properties}

required() {
    if [ -z "${!1:-}" ]; then
        echo "$1 is required." >&2
        echo "Command [/usr/local/bin/dub ensure $1] FAILED !" >&2
        exit 1
    fi
}

# KAFKA_A_B is a.b, KAFKA_A__B is a-b, KAFKA_A___B is a_b.
setting() {
    local name=${1#KAFKA_}
    name=${name,,}
    name=${name//___/$'\1'}
    name=${name//__/-}
    name=${name//_/.}
    printf %s "${name//$'\1'/_}"
}

write_settings() {
    local name
    for name in $(compgen -e | grep '^KAFKA_' | sort); do
        case "$name" in
            KAFKA_VERSION | KAFKA_SETTINGS_FILE | *_OPTS | KAFKA_LOG4J_* | KAFKA_TOOLS_LOG4J_LOGLEVEL | KAFKA_JMX_*) ;;
            *) printf '%s=%s\n' "$(setting "$name")" "${!name}" ;;
        esac
    done
}

if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=appuser --regid=appuser --clear-groups "$0" "$@"
fi
echo "===> Configuring ..."
if [ -n "${KAFKA_PORT:-}" ] || [ -n "${KAFKA_ADVERTISED_PORT:-}" ] || [ -n "${KAFKA_HOST:-}" ] || [ -n "${KAFKA_ADVERTISED_HOST:-}" ]; then
    echo "KAFKA_PORT, KAFKA_ADVERTISED_PORT, KAFKA_HOST and KAFKA_ADVERTISED_HOST are no settings any more: use KAFKA_ADVERTISED_LISTENERS." >&2
    echo "A Service that is called kafka and has an address sets KAFKA_PORT: enableServiceLinks: false keeps it from doing so." >&2
    exit 1
fi
if grep -q '^zookeeper-shell' /usr/share/kafka/commands && [ -z "${KAFKA_PROCESS_ROLES:-}" ]; then
    echo "Running in Zookeeper mode..."
    required KAFKA_ZOOKEEPER_CONNECT
    required KAFKA_ADVERTISED_LISTENERS
else
    [ -z "${KAFKA_ZOOKEEPER_CONNECT:-}" ] || [ -n "${KAFKA_PROCESS_ROLES:-}" ] || echo "KAFKA_ZOOKEEPER_CONNECT is set, but Kafka $KAFKA_VERSION has no ZooKeeper mode." >&2
    required KAFKA_PROCESS_ROLES
    echo "Running in KRaft mode..."
    required CLUSTER_ID
    [[ "$KAFKA_PROCESS_ROLES" != *broker* ]] || required KAFKA_ADVERTISED_LISTENERS
fi
if [ -z "${KAFKA_LISTENERS:-}" ] && [ -n "${KAFKA_ADVERTISED_LISTENERS:-}" ]; then
    KAFKA_LISTENERS=$(sed -E 's#://[^,]*:([0-9]+)#://0.0.0.0:\1#g' <<< "$KAFKA_ADVERTISED_LISTENERS")
    export KAFKA_LISTENERS
fi
export KAFKA_LOG_DIRS=${KAFKA_LOG_DIRS:-/var/lib/kafka/data}
write_settings > "$settings"
echo "===> Running preflight checks ..."
[ -w "${KAFKA_LOG_DIRS%%,*}" ] || { echo "$(id -un) ($(id -u)) may not write ${KAFKA_LOG_DIRS%%,*}: fsGroup: $(id -g) in the pod's securityContext allows it." >&2; exit 1; }
if [ -n "${KAFKA_PROCESS_ROLES:-}" ]; then
    kafka-storage format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$settings" $KAFKA_STORAGE_FORMAT_OPTS
fi
echo "===> Launching kafka ..."
export KAFKA_LEVEL=${KAFKA_LOG4J_ROOT_LOGLEVEL:-INFO} KAFKA_LOG_TO=System.out
exec kafka-server-start "$settings"
