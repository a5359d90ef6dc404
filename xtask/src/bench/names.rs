//! Names and Services: questions answered in a second, how soon a ready pod has a name, and what a Service's address costs.

use super::pods::{down, is_ready, up};
use super::questions::{client, has_answer, question};
use super::report::{self, Report, quantile, rate, time};
use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON};
use stead_testing::program::Server;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const PODS: &str = "/api/v1/namespaces/default/pods";
const SET: &str = "named";
const SINGLES: usize = 20;
const CONNECTIONS: usize = 2_000;
const BULK_BYTES: u64 = 1 << 28;
const ROUNDS: usize = 3;
const STEP_MAX: Duration = Duration::from_secs(60);

/// Of a server with real containers.
pub async fn measure(server: &Server, report: &mut Report) -> Result<()> {
    let mut api = server.connect().await?;
    for (name, address) in [(SET, json!("None")), ("named-by-address", Value::Null)] {
        let spec = json!({"clusterIP": address, "selector": {"app": SET}, "ports": [{"port": 80}]});
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec});
        api.call(Method::POST, SERVICES, JSON, &service).await?;
    }
    up(server, SET, 1, "Parallel").await?;
    let dns = SocketAddr::new(name_server(&mut api).await?.parse().context("it is an address")?, 53);
    report.add(report::READY_TO_RESOLVABLE, singles(server, dns).await?);
    let pod = api.call(Method::GET, &format!("{PODS}/{SET}-0"), JSON, &Value::Null).await?;
    let name = format!("{SET}-by-address.default.svc.cluster.local");
    let (answered, took) = tokio::task::spawn_blocking(move || super::questions::ask(dns, &name)).await.context("ask")??;
    report.add(report::QUESTIONS, rate(answered, took));
    let service = api.call(Method::GET, &format!("{SERVICES}/named-by-address"), JSON, &Value::Null).await?;
    let address = |text: &Value| anyhow::Ok(SocketAddr::new(text.as_str().context("it has an address")?.parse()?, 80));
    let (direct, through) = (address(&pod["status"]["podIP"])?, address(&service["spec"]["clusterIP"])?);
    let (direct, through) = tokio::task::spawn_blocking(move || connections(direct, through)).await.context("connect")??;
    let share = direct.as_secs_f64() / through.as_secs_f64() * 100.0;
    report.add(
        report::CONNECTIONS,
        format!("{share:.0} % ({} direct, {} through it)", rate(CONNECTIONS, direct), rate(CONNECTIONS, through)),
    );
    let (direct, through) = bulk(server, &mut api).await?;
    let share = through as f64 / direct as f64 * 100.0;
    let each = |bytes| format!("{}/s", report::megabytes(bytes));
    report.add(report::THROUGHPUT, format!("{share:.0} % ({} direct, {} through it)", each(direct), each(through)));
    for name in [SET, "named-by-address"] {
        api.call(Method::DELETE, &format!("{SERVICES}/{name}"), JSON, &Value::Null).await?;
    }
    down(server, SET).await?;
    Ok(())
}

/// Where pods' questions end.
async fn name_server(api: &mut Connection) -> Result<String> {
    let slices = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkube-dns";
    let slices = api.call(Method::GET, slices, JSON, &Value::Null).await?;
    let address = slices["items"][0]["endpoints"][0]["addresses"][0].as_str();
    Ok(address.context("the name server has an address")?.to_owned())
}

/// From the event that says that a pod is ready to the first answer with its name.
async fn singles(server: &Server, dns: SocketAddr) -> Result<String> {
    let mut api = server.connect().await?;
    let mut watch = server.connect().await?.watch(&format!("{PODS}?watch=true&labelSelector=single%3Dyes")).await?;
    let socket = client(dns)?;
    let mut times = Vec::new();
    for n in 0..SINGLES {
        let name = format!("single-{n}");
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": SET, "single": "yes"}}, "spec": {
            "hostname": name, "subdomain": SET, "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "localhost/stead:1"}]}});
        api.call(Method::POST, PODS, JSON, &pod).await?;
        let ready = async {
            while !is_ready(&watch.next().await?["object"]) {}
            anyhow::Ok(Instant::now())
        };
        let begun = tokio::time::timeout(STEP_MAX, ready).await.with_context(|| format!("{name} is ready"))??;
        let question = question(n as u16, &format!("{name}.{SET}.default.svc.cluster.local"));
        while !is_answered(&socket, &question)? {
            ensure!(begun.elapsed() < STEP_MAX, "{name} has no name");
        }
        times.push(begun.elapsed());
        api.call(Method::DELETE, &format!("{PODS}/{name}"), JSON, &Value::Null).await?;
        let gone = async {
            while watch.next().await?["type"] != "DELETED" {}
            anyhow::Ok(())
        };
        tokio::time::timeout(STEP_MAX, gone).await.with_context(|| format!("{name} goes"))??;
    }
    Ok(format!("{} / {}", time(quantile(&mut times, 0.5)), time(quantile(&mut times, 1.0))))
}

fn is_answered(socket: &UdpSocket, question: &[u8]) -> Result<bool> {
    let mut answer = [0; 512];
    socket.send(question).context("ask")?;
    let length = socket.recv(&mut answer).context("hear the answer")?;
    Ok(has_answer(&answer[..length]))
}

/// Bytes in a second of one long answer, from a pod directly and through a Service's address.
async fn bulk(server: &Server, api: &mut Connection) -> Result<(u64, u64)> {
    let dir = server.dir.join("bulk");
    std::fs::create_dir_all(&dir).context("make the directory of a long file")?;
    std::fs::File::create(dir.join("long")).and_then(|file| file.set_len(BULK_BYTES)).context("make a long file")?;
    let labels = json!({"app": "bulk"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bulk", "labels": labels}, "spec": {
        "terminationGracePeriodSeconds": 0, "volumes": [{"name": "long", "hostPath": {"path": dir}}],
        "containers": [{"name": "main", "image": "localhost/stead:1", "command": ["httpd", "-f", "-p", "80", "-h", "/bulk"],
            "volumeMounts": [{"name": "long", "mountPath": "/bulk"}], "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 1}}]}});
    let spec = json!({"selector": labels, "ports": [{"port": 80}]});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bulk"}, "spec": spec});
    let service = api.call(Method::POST, SERVICES, JSON, &service).await?;
    let mut watch = server.connect().await?.watch(&format!("{PODS}?watch=true&labelSelector=app%3Dbulk")).await?;
    api.call(Method::POST, PODS, JSON, &pod).await?;
    let ready = async {
        loop {
            let event = watch.next().await?;
            if is_ready(&event["object"]) {
                return anyhow::Ok(event["object"]["status"]["podIP"].clone());
            }
        }
    };
    let pod = tokio::time::timeout(STEP_MAX, ready).await.context("the pod with the long file is ready")??;
    let address = |text: &Value| anyhow::Ok(SocketAddr::new(text.as_str().context("it has an address")?.parse()?, 80));
    let (direct, through) = (address(&pod)?, address(&service["spec"]["clusterIP"])?);
    let rates = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        // The rules come a moment after the pod is ready.
        while TcpStream::connect_timeout(&through, STEP_MAX).is_err() && begun.elapsed() < STEP_MAX {}
        (0..ROUNDS).try_fold((0, 0), |best: (u64, u64), _| anyhow::Ok((best.0.max(download(direct)?), best.1.max(download(through)?))))
    });
    let rates = rates.await.context("read the long file")??;
    api.call(Method::DELETE, &format!("{SERVICES}/bulk"), JSON, &Value::Null).await?;
    api.call(Method::DELETE, &format!("{PODS}/bulk"), JSON, &Value::Null).await?;
    Ok(rates)
}

/// Bytes in a second.
fn download(from: SocketAddr) -> Result<u64> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect_timeout(&from, STEP_MAX).with_context(|| format!("connect to {from}"))?;
    stream.write_all(b"GET /long HTTP/1.0\r\n\r\n").context("ask for the long file")?;
    let mut buffer = vec![0; 1 << 18];
    let mut length = 0;
    loop {
        match stream.read(&mut buffer).context("read the long file")? {
            0 => break,
            read => length += read as u64,
        }
    }
    ensure!(length > BULK_BYTES, "only {length} bytes of the long file came from {from}");
    Ok((length as f64 / begun.elapsed().as_secs_f64()) as u64)
}

/// Connections to both with a request each, by turns; the shortest time of each.
fn connections(direct: SocketAddr, through: SocketAddr) -> Result<(Duration, Duration)> {
    let mut shortest = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        shortest = (shortest.0.min(connect(direct)?), shortest.1.min(connect(through)?));
    }
    Ok(shortest)
}

fn connect(to: SocketAddr) -> Result<Duration> {
    let begun = Instant::now();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect_timeout(&to, STEP_MAX).with_context(|| format!("connect to {to}"))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").context("ask")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("hear the answer")?;
        ensure!(answer.starts_with(b"HTTP/1."), "no answer from {to}");
    }
    Ok(begun.elapsed())
}
