//! MySQL: Debian has MariaDB.

use crate::images::recipe::{Base, Image, Own, PATH, User, entry_point};
use serde_json::json;

pub const MYSQL: Image = Image {
    name: "mysql",
    tags: &["mysql:8.0", "mysql:8", "mysql:latest", "mariadb:10.11", "mariadb:latest"],
    stand_in: Some("MariaDB 10.11 of Debian, also under the name mysql"),
    base: Base::Debian,
    packages: &["mariadb-server-core", "mariadb-client"],
    jars: None,
    changes: &[],
    user: Some(User { name: "mysql", number: 999, home: "/var/lib/mysql" }),
    files: &[entry_point(include_str!("mysql.sh")), Own { path: "etc/my.cnf", mode: 0o644, content: MY_CNF }],
    directories: &[
        ("docker-entrypoint-initdb.d", 0o755),
        ("etc/mysql/conf.d", 0o755),
        ("run/mysqld", 0o1777),
        ("var/lib/mysql", 0o1777),
        ("var/lib/mysql-files", 0o750),
    ],
    links: &[],
    config: || {
        json!({"Env": [PATH, "LANG=C.UTF-8", "MYSQL_MAJOR=8.0"], "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["mysqld"],
            "ExposedPorts": {"3306/tcp": {}}, "Volumes": {"/var/lib/mysql": {}}})
    },
};

/// One socket for the server and its clients, and none of the names of who connects asked for.
const MY_CNF: &str = "[client-server]
socket=/run/mysqld/mysqld.sock

[mysqld]
datadir=/var/lib/mysql
pid-file=/run/mysqld/mysqld.pid
skip-name-resolve
bind-address=*
character-set-server=utf8mb4

!includedir /etc/mysql/conf.d/
";
