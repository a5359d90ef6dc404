//! Kafka's published jars on Debian's Java: 4, which has no ZooKeeper any more, and 3.5, which runs with either.

use crate::images::recipe::{Base, Image, Jars, Own, PATH, User};
use serde_json::{Value, json};

pub const KAFKA: Image = Image {
    name: "kafka",
    tags: &["confluentinc/cp-kafka:8.1.1", "confluentinc/cp-kafka:latest", "apache/kafka:4.1.1"],
    stand_in: Some("Apache Kafka 4.1.1 of Maven Central, without Confluent's own parts"),
    jars: Some(Jars {
        artifacts: &[
            ("org.apache.kafka", "kafka_2.13", "4.1.1"),
            ("org.apache.kafka", "kafka-tools", "4.1.1"),
            ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
        ],
        to: "usr/share/java/kafka",
    }),
    files: &[
        RUN,
        COMMAND,
        Own { path: "etc/kafka/log4j2.properties", mode: 0o644, content: LOG4J2 },
        Own { path: "usr/share/kafka/commands", mode: 0o644, content: COMMANDS },
    ],
    config: || config("4.1.1"),
    ..COMMON
};

pub const KAFKA_WITH_ZOOKEEPER: Image = Image {
    name: "kafka-3",
    tags: &["confluentinc/cp-kafka:7.5.1", "confluentinc/cp-kafka:7.5.0"],
    stand_in: Some("Apache Kafka 3.5.1 of Maven Central, without Confluent's own parts, also under the tag 7.5.0"),
    jars: Some(Jars {
        artifacts: &[("org.apache.kafka", "kafka_2.13", "3.5.1"), ("org.apache.kafka", "kafka-tools", "3.5.1")],
        to: "usr/share/java/kafka",
    }),
    files: &[
        RUN,
        COMMAND,
        Own { path: "etc/kafka/log4j.properties", mode: 0o644, content: LOG4J },
        Own { path: "usr/share/kafka/commands", mode: 0o644, content: COMMANDS_3 },
    ],
    links: &LINKS_3,
    config: || config("3.5.1"),
    ..COMMON
};

const COMMON: Image = Image {
    name: "",
    tags: &[],
    stand_in: None,
    base: Base::Debian,
    packages: &["openjdk-17-jre-headless"],
    jars: None,
    changes: &[],
    user: Some(User { name: "appuser", number: 1000, home: "/home/appuser" }),
    files: &[],
    directories: &[
        ("etc/kafka", 0o755),
        ("etc/kafka/secrets", 0o755),
        ("home/appuser", 0o755),
        ("var/lib/kafka/data", 0o755),
        ("var/log/kafka", 0o755),
    ],
    links: &LINKS,
    config: || json!({}),
};

const RUN: Own = Own { path: "etc/confluent/docker/run", mode: 0o755, content: include_str!("kafka.sh") };
const COMMAND: Own = Own { path: "usr/share/kafka/command", mode: 0o755, content: include_str!("kafka-command.sh") };

fn config(version: &str) -> Value {
    json!({"User": "appuser", "Env": [PATH, "LANG=C.UTF-8", format!("KAFKA_VERSION={version}")], "Cmd": ["/etc/confluent/docker/run"],
        "ExposedPorts": {"9092/tcp": {}}, "Volumes": {"/var/lib/kafka/data": {}, "/etc/kafka/secrets": {}}, "WorkingDir": "/home/appuser"})
}

const JAVA: (&str, &str) = ("usr/bin/java", "/usr/lib/jvm/java-17-openjdk-{architecture}/bin/java");

const fn command(path: &'static str) -> (&'static str, &'static str) {
    (path, "/usr/share/kafka/command")
}

const LINKS: [(&str, &str); 21] = [
    JAVA,
    command("usr/bin/kafka-acls"),
    command("usr/bin/kafka-broker-api-versions"),
    command("usr/bin/kafka-cluster"),
    command("usr/bin/kafka-configs"),
    command("usr/bin/kafka-console-consumer"),
    command("usr/bin/kafka-console-producer"),
    command("usr/bin/kafka-consumer-groups"),
    command("usr/bin/kafka-delete-records"),
    command("usr/bin/kafka-dump-log"),
    command("usr/bin/kafka-features"),
    command("usr/bin/kafka-get-offsets"),
    command("usr/bin/kafka-leader-election"),
    command("usr/bin/kafka-log-dirs"),
    command("usr/bin/kafka-metadata-quorum"),
    command("usr/bin/kafka-producer-perf-test"),
    command("usr/bin/kafka-reassign-partitions"),
    command("usr/bin/kafka-server-start"),
    command("usr/bin/kafka-storage"),
    command("usr/bin/kafka-topics"),
    command("usr/bin/kafka-verifiable-producer"),
];

const LINKS_3: [(&str, &str); LINKS.len() + 1] = {
    let mut all = [command("usr/bin/zookeeper-shell"); LINKS.len() + 1];
    let mut at = 0;
    while at < LINKS.len() {
        all[at] = LINKS[at];
        at += 1;
    }
    all
};

/// Which class a command is.
const COMMANDS: &str = "kafka-acls org.apache.kafka.tools.AclCommand
kafka-broker-api-versions org.apache.kafka.tools.BrokerApiVersionsCommand
kafka-cluster org.apache.kafka.tools.ClusterTool
kafka-configs kafka.admin.ConfigCommand
kafka-console-consumer org.apache.kafka.tools.consumer.ConsoleConsumer
kafka-console-producer org.apache.kafka.tools.ConsoleProducer
kafka-consumer-groups org.apache.kafka.tools.consumer.group.ConsumerGroupCommand
kafka-delete-records org.apache.kafka.tools.DeleteRecordsCommand
kafka-dump-log kafka.tools.DumpLogSegments
kafka-features org.apache.kafka.tools.FeatureCommand
kafka-get-offsets org.apache.kafka.tools.GetOffsetShell
kafka-leader-election org.apache.kafka.tools.LeaderElectionCommand
kafka-log-dirs org.apache.kafka.tools.LogDirsCommand
kafka-metadata-quorum org.apache.kafka.tools.MetadataQuorumCommand
kafka-producer-perf-test org.apache.kafka.tools.ProducerPerformance
kafka-reassign-partitions org.apache.kafka.tools.reassign.ReassignPartitionsCommand
kafka-server-start kafka.Kafka
kafka-storage kafka.tools.StorageTool
kafka-topics org.apache.kafka.tools.TopicCommand
kafka-verifiable-producer org.apache.kafka.tools.VerifiableProducer
";

const COMMANDS_3: &str = "kafka-acls kafka.admin.AclCommand
kafka-broker-api-versions kafka.admin.BrokerApiVersionsCommand
kafka-cluster kafka.tools.ClusterTool
kafka-configs kafka.admin.ConfigCommand
kafka-console-consumer kafka.tools.ConsoleConsumer
kafka-console-producer kafka.tools.ConsoleProducer
kafka-consumer-groups kafka.admin.ConsumerGroupCommand
kafka-delete-records kafka.admin.DeleteRecordsCommand
kafka-dump-log kafka.tools.DumpLogSegments
kafka-features kafka.admin.FeatureCommand
kafka-get-offsets kafka.tools.GetOffsetShell
kafka-leader-election kafka.admin.LeaderElectionCommand
kafka-log-dirs kafka.admin.LogDirsCommand
kafka-metadata-quorum org.apache.kafka.tools.MetadataQuorumCommand
kafka-producer-perf-test org.apache.kafka.tools.ProducerPerformance
kafka-reassign-partitions kafka.admin.ReassignPartitionsCommand
kafka-server-start kafka.Kafka
kafka-storage kafka.tools.StorageTool
kafka-topics kafka.admin.TopicCommand
kafka-verifiable-producer org.apache.kafka.tools.VerifiableProducer
zookeeper-shell org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka
";

/// Servers say what they do, commands only what went wrong: `kafka.level` is set by whoever starts them.
const LOG4J2: &str = "appender.out.type=Console
appender.out.name=out
appender.out.target=${sys:kafka.log.to:-SYSTEM_OUT}
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=${sys:kafka.level:-WARN}
rootLogger.appenderRef.out.ref=out
";

const LOG4J: &str = "log4j.rootLogger=${kafka.level}, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.Target=${kafka.log.to}
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n
";
