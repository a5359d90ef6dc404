#!/bin/bash
# Every command of Kafka: the name that it is called by says which class it is.
name=$(basename "$0")
class=$(sed -n "s/^$name //p" /usr/share/kafka/commands)
[ -n "$class" ] || { echo "$name: not a command of Kafka $KAFKA_VERSION" >&2; exit 1; }
heap=-Xmx256M
[ "$name" != kafka-server-start ] || heap="-Xms1G -Xmx1G"
to=${KAFKA_LOG_TO:-System.err}
logged="-Dkafka.level=${KAFKA_LEVEL:-${KAFKA_TOOLS_LOG4J_LOGLEVEL:-WARN}}"
if [ -e /etc/kafka/log4j2.properties ]; then
    to=${to/System.out/SYSTEM_OUT}
    logged="$logged -Dlog4j2.configurationFile=/etc/kafka/log4j2.properties -Dkafka.log.to=${to/System.err/SYSTEM_ERR}"
else
    logged="$logged -Dlog4j.configuration=file:/etc/kafka/log4j.properties -Dkafka.log.to=$to"
fi
exec java ${KAFKA_HEAP_OPTS:-$heap} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseG1GC -XX:MaxGCPauseMillis=20} -Djava.awt.headless=true \
    $logged ${KAFKA_LOG4J_OPTS:-} ${KAFKA_OPTS:-} -cp "${CLASSPATH:+$CLASSPATH:}/usr/share/java/kafka/*" "$class" "$@"
