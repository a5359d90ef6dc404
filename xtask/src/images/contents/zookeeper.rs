//! ZooKeeper's published jars on Debian's Java.

use crate::images::recipe::{Base, Image, Jars, Own, User, entry_point};
use serde_json::json;

pub const ZOOKEEPER: Image = Image {
    name: "zookeeper",
    tags: &["zookeeper:3.9", "zookeeper:3.9.3", "zookeeper:latest"],
    stand_in: None,
    base: Base::Debian,
    packages: &["openjdk-17-jre-headless"],
    jars: Some(Jars {
        artifacts: &[
            ("org.apache.zookeeper", "zookeeper", "3.9.3"),
            // What the server needs beside them is named as provided.
            ("org.eclipse.jetty", "jetty-server", "9.4.56.v20240826"),
            ("org.eclipse.jetty", "jetty-servlet", "9.4.56.v20240826"),
            ("com.fasterxml.jackson.core", "jackson-databind", "2.15.2"),
            ("io.dropwizard.metrics", "metrics-core", "4.1.12.1"),
            ("org.xerial.snappy", "snappy-java", "1.1.10.5"),
            ("commons-cli", "commons-cli", "1.5.0"),
            ("jline", "jline", "2.14.6"),
            ("ch.qos.logback", "logback-classic", "1.2.13"),
        ],
        to: "apache-zookeeper-3.9.3-bin/lib",
    }),
    changes: &[],
    user: Some(User { name: "zookeeper", number: 1000, home: "/home/zookeeper" }),
    files: &[
        entry_point(include_str!("zookeeper.sh")),
        Own { path: "apache-zookeeper-3.9.3-bin/bin/zkServer.sh", mode: 0o755, content: include_str!("zkserver.sh") },
        Own { path: "apache-zookeeper-3.9.3-bin/bin/zkCli.sh", mode: 0o755, content: include_str!("zkcli.sh") },
        Own { path: "conf/logback.xml", mode: 0o644, content: LOGBACK },
    ],
    directories: &[("conf", 0o755), ("data", 0o755), ("datalog", 0o755), ("home/zookeeper", 0o755), ("logs", 0o755)],
    links: &[("usr/bin/java", "/usr/lib/jvm/java-17-openjdk-{architecture}/bin/java")],
    config: || {
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/apache-zookeeper-3.9.3-bin/bin";
        json!({"Env": [path, "LANG=C.UTF-8", "ZOO_CONF_DIR=/conf", "ZOO_DATA_DIR=/data", "ZOO_DATA_LOG_DIR=/datalog", "ZOO_LOG_DIR=/logs",
                "ZOO_TICK_TIME=2000", "ZOO_INIT_LIMIT=5", "ZOO_SYNC_LIMIT=2", "ZOO_AUTOPURGE_PURGEINTERVAL=0", "ZOO_AUTOPURGE_SNAPRETAINCOUNT=3",
                "ZOO_MAX_CLIENT_CNXNS=60", "ZOO_STANDALONE_ENABLED=true", "ZOO_ADMINSERVER_ENABLED=true", "ZOOCFGDIR=/conf"],
            "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["zkServer.sh", "start-foreground"], "WorkingDir": "/apache-zookeeper-3.9.3-bin",
            "ExposedPorts": {"2181/tcp": {}, "2888/tcp": {}, "3888/tcp": {}, "8080/tcp": {}}, "Volumes": {"/data": {}, "/datalog": {}, "/logs": {}}})
    },
};

const LOGBACK: &str = r#"<configuration>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="CONSOLE" /></root>
</configuration>
"#;
