//! Rows of databases between power cuts: PostgreSQL, Redis that syncs with every write, and MySQL, each in a set of its own with a claim. Every row that was
//! acknowledged must be there after a cut, and none may lack in between. All that is asked of them goes through `kubectl exec`, as their user would.

use super::{print, wait_for_account};
use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use stead_testing::https::{Connection, JSON};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Of the claims: held by the file system that databases are mostly kept on.
const CLASS: &str = "database";
/// Where processors are emulated a program takes seconds to start.
const PROBE_TIMEOUT_S: u64 = 30;
/// And more of the processors than the database itself, were it asked each second.
const PROBE_PERIOD_S: u64 = 10;
/// Run on the first start of whatever knows SQL.
const TABLE: &str = "create table kept (number bigint primary key)";
const COUNT: &str = "select concat_ws('|', count(*), coalesce(min(number), 1), coalesce(max(number), 0)) from kept;";

/// A database: how it is run, and how it is asked. What its client reads in a line it answers in a line.
#[derive(Debug)]
pub struct Database {
    /// Of its image, its namespace and set, and the key of its rows.
    pub name: &'static str,
    image: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// Where it keeps everything.
    directory: &'static str,
    /// Succeeds once its clients are answered.
    probe: &'static [&'static str],
    client: &'static [&'static str],
    /// Adds a row, committed before the answer: its number, which is one more than the last.
    add: &'static str,
    /// How many rows there are, the first one's number, and the last one's.
    count: &'static str,
}

pub const DATABASES: [Database; 3] = [
    Database {
        name: "postgres",
        image: "postgres:15",
        arguments: &["-c", "shared_buffers=16MB"],
        environment: &[("POSTGRES_HOST_AUTH_METHOD", "trust")],
        directory: "/var/lib/postgresql/data",
        probe: &["pg_isready", "--username", "postgres", "--host", "localhost"],
        client: &["psql", "--username", "postgres", "--quiet", "--no-align", "--tuples-only", "--no-psqlrc", "--set", "ON_ERROR_STOP=1"],
        add: "insert into kept select coalesce(max(number), 0) + 1 from kept returning number;",
        count: COUNT,
    },
    Database {
        name: "redis",
        image: "redis:7.2",
        arguments: &["redis-server", "--appendonly", "yes", "--appendfsync", "always", "--save", ""],
        environment: &[],
        directory: "/data",
        probe: &["sh", "-c", "redis-cli ping | grep -q PONG"],
        client: &["redis-cli"],
        add: r#"eval "local number = redis.call('dbsize') + 1 redis.call('set', number, number) return number" 0"#,
        count: r#"eval "local all, last = redis.call('dbsize'), 0 for number = 1, all do last = last + redis.call('exists', number) end return all .. '|1|' .. last" 0"#,
    },
    Database {
        name: "mysql",
        image: "mysql:8.0",
        arguments: &["--innodb-buffer-pool-size=16M"],
        environment: &[("MYSQL_ALLOW_EMPTY_PASSWORD", "yes"), ("MYSQL_DATABASE", "kept")],
        directory: "/var/lib/mysql",
        probe: &["mysqladmin", "--host=127.0.0.1", "--user=root", "ping"],
        client: &["mysql", "--user=root", "--batch", "--skip-column-names", "--unbuffered", "kept"],
        add: "insert into kept select coalesce(max(number), 0) + 1 from kept; select max(number) from kept;",
        count: COUNT,
    },
];

#[derive(Debug, Clone, clap::Args)]
#[group(id = "databases")]
pub struct Options {
    /// A data directory with the images of the databases
    #[arg(long, requires = "kubectl")]
    images: Option<PathBuf>,
    #[arg(long)]
    kubectl: Option<PathBuf>,
}

/// What a table shows after that many changes; nothing for a key that is none of a database.
pub fn content(key: &str, change: u64) -> Option<Option<u64>> {
    DATABASES.iter().any(|database| database.name == key).then_some((change > 0).then_some(change))
}

/// Those that are asked for: all, or none.
pub fn wanted(options: &Options) -> &'static [Database] {
    if options.images.is_some() { &DATABASES } else { &[] }
}

impl Database {
    pub fn sets(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/statefulsets", self.name)
    }

    /// Makes its set, and the namespace with what that needs.
    pub async fn begin(&self, api: &mut Connection) -> Result<()> {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}});
        api.call(Method::POST, "/api/v1/namespaces", JSON, &namespace).await.context("create the namespace")?;
        wait_for_account(api, self.name).await?;
        let scripts = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "scripts"}, "data": {"kept.sql": TABLE}});
        let path = format!("/api/v1/namespaces/{}/configmaps", self.name);
        api.call(Method::POST, &path, JSON, &scripts).await.context("create the script")?;
        api.call(Method::POST, &self.sets(), JSON, &self.set()).await.context("create the set").map(drop)
    }

    fn set(&self) -> Value {
        let labels = json!({"app": self.name});
        let claim = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": CLASS, "resources": {"requests": {"storage": "256Mi"}}});
        let ready = json!({"exec": {"command": self.probe}, "periodSeconds": PROBE_PERIOD_S, "timeoutSeconds": PROBE_TIMEOUT_S});
        let environment: Vec<Value> = self.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let container = json!({"name": self.name, "image": self.image, "args": self.arguments, "env": environment, "readinessProbe": ready,
            "volumeMounts": [{"name": "data", "mountPath": self.directory}, {"name": "scripts", "mountPath": "/docker-entrypoint-initdb.d"}]});
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": self.name}, "spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "containers": [container], "volumes": [{"name": "scripts", "configMap": {"name": "scripts"}}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}]}})
    }

    /// A client in its pod, once that is ready, that has told how many rows there are.
    pub async fn connect(&'static self, options: &Options, kubeconfig: &Path) -> Result<Session> {
        let kubectl = options.kubectl.as_ref().context("databases are asked by kubectl")?;
        let mut command = Command::new(kubectl);
        command.arg("--kubeconfig").arg(kubeconfig).args(["--namespace", self.name, "exec", "--stdin", &format!("{}-0", self.name), "--"]);
        command.args(self.client).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut client = command.spawn().context("start kubectl")?;
        let (statements, answers) = client.stdin.take().zip(client.stdout.take()).context("its input and output are piped")?;
        let mut session = Session { database: self, _client: client, statements, answers: BufReader::new(answers).lines() };
        let last = last_row(&session.ask(self.count).await?)?;
        if last > 0 {
            print(&format!("found {} {last} .", self.name));
        }
        Ok(session)
    }
}

/// A client in a pod, for as long as it is there.
pub struct Session {
    database: &'static Database,
    _client: Child,
    statements: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Session {
    async fn ask(&mut self, statement: &str) -> Result<String> {
        let name = self.database.name;
        self.statements.write_all(format!("{statement}\n").as_bytes()).await.with_context(|| format!("ask {name} {statement}"))?;
        self.answers.next_line().await.with_context(|| format!("read what {name} answers"))?.with_context(|| format!("{name} is gone"))
    }

    /// Adds one row after the other, each acknowledged before the next.
    pub async fn fill(mut self) -> Result<()> {
        loop {
            let answer = self.ask(self.database.add).await?;
            let row: u64 = answer.parse().with_context(|| format!("{}: no number: {answer:?}", self.database.name))?;
            print(&format!("ack {} {row} 0 .", self.database.name));
        }
    }
}

/// The number of the last row, from how many there are, the first, and the last.
fn last_row(said: &str) -> Result<u64> {
    let numbers = said.trim().split('|').map(|number| number.parse::<u64>().with_context(|| format!("no numbers: {said:?}")));
    match numbers.collect::<Result<Vec<_>>>()?[..] {
        [count, 1, last] if count == last => Ok(last),
        _ => anyhow::bail!("rows lack (number, first, last): {said:?}"),
    }
}

/// Brings the images to where a server of a data directory finds them, and to the disk, if they are not there.
#[expect(clippy::disallowed_methods, reason = "a development task runs programs")]
pub fn bring(options: &Options, data_dir: &Path) -> Result<()> {
    let Some(images) = options.images.as_ref().filter(|_| !data_dir.join("images").exists()) else { return Ok(()) };
    std::fs::create_dir_all(data_dir).context("make the data directory")?;
    let status = std::process::Command::new("cp").arg("-a").args([&images.join("images"), data_dir]).status();
    ensure!(status.context("run cp")?.success(), "the images of the databases cannot be copied");
    nix::unistd::sync();
    Ok(())
}

/// Makes the class of the claims.
pub async fn begin(api: &mut Connection) -> Result<()> {
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS}, "provisioner": "stead.io/local",
        "volumeBindingMode": "WaitForFirstConsumer", "parameters": {"enforcement": "quota"}});
    api.call(Method::POST, "/apis/storage.k8s.io/v1/storageclasses", JSON, &class).await.context("create the class").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_lacks_is_noticed() {
        assert_eq!(last_row("0|1|0\n").unwrap(), 0);
        assert_eq!(last_row("7|1|7\n").unwrap(), 7);
        for said in ["6|1|7", "6|2|7", "7|1|8", "", "rows"] {
            assert!(last_row(said).is_err(), "{said}");
        }
    }

    #[test]
    fn each_database_is_asked_in_lines_and_has_a_key() {
        for database in &DATABASES {
            assert!(!database.add.contains('\n') && !database.count.contains('\n'), "{}", database.name);
            assert_eq!((content(database.name, 0), content(database.name, 3)), (Some(None), Some(Some(3))));
        }
        assert_eq!(content("web", 3), None);
    }
}
