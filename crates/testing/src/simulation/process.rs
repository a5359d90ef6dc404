//! The controller process of a simulated world: an engine, its watches, and the calls that it waits for. A crash drops it.

use super::api::{Api, Watch};
use bytes::Bytes;
use std::collections::BTreeMap;
use stead_api::Value;
use stead_client::discovery::listed;
use stead_client::resource::PODS;
use stead_client::wire::{list_path, page, watch_path};
use stead_client::{Call, Key, Resource, Scope};
use stead_control::engine::{Engine, Report, Start};
use stead_control::object::Object;
use stead_control::{Clock, Options};

#[derive(Debug)]
pub struct Process {
    pub id: u64,
    pub engine: Engine,
    connections: BTreeMap<Resource, Connection>,
    next_connection: u64,
    /// The newest list of each resource, by number.
    lists: BTreeMap<Resource, u64>,
    /// What the cache of pods had seen when each plan was made. A plan under way may begin calls much later.
    seen_by_plan: BTreeMap<u64, u64>,
    /// The newest version of its own writes to the pods of each set that it has had an answer to.
    own_writes: BTreeMap<Key, u64>,
}

/// The id of a connection that is broken: nothing arrives by it.
const CUT: u64 = 0;

/// A watch as this process sees it.
#[derive(Debug)]
struct Connection {
    id: u64,
    watch: Watch,
    /// Where a new watch begins.
    version: u64,
    /// When the line before is delivered: lines keep their order.
    last_delivery: i64,
}

/// Lines on their way to the process.
#[derive(Debug)]
pub struct Arrival {
    pub connection: u64,
    pub resource: Resource,
    pub line: Bytes,
}

impl Process {
    pub fn new(id: u64, api: &Api, clock: Clock) -> Result<Self, String> {
        let resources = discover(api)?;
        let options = Options { controllers: "*".parse().map_err(|e| format!("{e}"))?, scheduler: true, root_ca: "PEM".to_owned(), clock };
        let engine = Engine::new(options.controllers(&resources));
        Ok(Self {
            id,
            engine,
            connections: BTreeMap::new(),
            next_connection: 0,
            lists: BTreeMap::new(),
            seen_by_plan: BTreeMap::new(),
            own_writes: BTreeMap::new(),
        })
    }

    /// The version of pods that this call's plan knew. It must not be older than what the process itself wrote before it
    /// planned (SYNC-2).
    pub fn seen(&mut self, start: &Start) -> Result<u64, String> {
        let now = self.engine.cache().seen(PODS);
        let Some(plan) = start.plan else { return Ok(now) };
        if let Some(seen) = self.seen_by_plan.get(&plan) {
            return Ok(*seen);
        }
        self.seen_by_plan.insert(plan, now);
        match set_of(&start.call).and_then(|set| self.own_writes.get(&set)) {
            Some(written) if *written > now => {
                Err(format!("planned at {now} without having seen its own write {written}: {:?}", start.call))
            }
            _ => Ok(now),
        }
    }

    /// An answer to a call of its own.
    pub fn answered(&mut self, call: &Call, answer: &Value) {
        let version: Option<u64> = answer["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok());
        if let (Some(set), Some(version)) = (set_of(call), version) {
            let newest = self.own_writes.entry(set).or_default();
            *newest = version.max(*newest);
        }
    }

    /// Lists a resource and follows it from there. The list's number tells which is the newest.
    pub fn list(&mut self, api: &Api, resource: Resource) -> Result<(u64, Report), String> {
        let list = api.get(&list_path(&Scope::all(resource), "")).map_err(|e| e.to_string())?;
        let page = page(resource, list, |value| Object::parse(resource, value)).map_err(|e| e.to_string())?;
        self.connect(api, resource, page.version)?;
        let number = self.lists.entry(resource).or_default();
        *number += 1;
        Ok((*number, Report::Replaced { objects: page.objects, version: page.version }))
    }

    /// Whether no newer list was made since: then this one is not looked at any more.
    pub fn is_newest(&self, resource: Resource, number: u64) -> bool {
        self.lists.get(&resource) == Some(&number)
    }

    /// Takes a broken watch up again where its last delivered line was.
    pub fn resume(&mut self, api: &Api, resource: Resource) -> Result<(), String> {
        let version = self.connections.get(&resource).map(|c| c.version);
        match version {
            Some(version) => self.connect(api, resource, version),
            None => Err(format!("{} was never listed", resource.plural)),
        }
    }

    fn connect(&mut self, api: &Api, resource: Resource, version: u64) -> Result<(), String> {
        let watch = api.watch(&watch_path(&Scope::all(resource), version, 290)).map_err(|e| e.to_string())?;
        self.next_connection += 1;
        // What is on its way from before, a list as well, comes before what this watch tells.
        let last_delivery = self.delivered_until(resource);
        let connection = Connection { id: self.next_connection, watch, version, last_delivery };
        self.connections.insert(resource, connection);
        Ok(())
    }

    /// What the server has sent since the last look.
    pub fn pull(&mut self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for (resource, connection) in &mut self.connections {
            let broken = connection.id == CUT;
            for line in connection.watch.lines().into_iter().filter(|_| !broken) {
                arrivals.push(Arrival { connection: connection.id, resource: *resource, line });
            }
        }
        arrivals
    }

    /// The earliest time of the next delivery: what was sent before comes first.
    pub fn delivered_until(&self, resource: Resource) -> i64 {
        self.connections.get(&resource).map_or(0, |connection| connection.last_delivery)
    }

    pub fn delivery_at(&mut self, resource: Resource, at: i64) {
        if let Some(connection) = self.connections.get_mut(&resource) {
            connection.last_delivery = at;
        }
    }

    /// Notes how far a connection has come. What it delivers is in order, or the world is to blame.
    pub fn delivered(&mut self, arrival: &Arrival, version: u64) -> Result<(), String> {
        let Some(connection) = self.connections.get_mut(&arrival.resource) else { return Ok(()) };
        if version < connection.version {
            return Err(format!("{} at {version} are told of after {}", arrival.resource.plural, connection.version));
        }
        connection.version = version;
        Ok(())
    }

    /// Whether this connection is still the one in use.
    pub fn is_current(&self, arrival: &Arrival) -> bool {
        self.connections.get(&arrival.resource).is_some_and(|c| c.id != CUT && c.id == arrival.connection)
    }

    /// The connection breaks: what is on its way is lost.
    pub fn cut(&mut self, resource: Resource) {
        if let Some(connection) = self.connections.get_mut(&resource) {
            connection.id = CUT;
        }
    }
}

/// The set whose controller makes this call, as its pods' names begin; only creations and deletions of pods count.
fn set_of(call: &Call) -> Option<Key> {
    let (namespace, pod) = match call {
        Call::Create { resource: PODS, namespace, subresource: (_, ""), body } => {
            let metadata = &body["metadata"];
            (namespace, metadata["name"].as_str().or_else(|| metadata["generateName"].as_str())?)
        }
        Call::Delete { resource: PODS, key, options } if options.propagation.is_none() && options.grace_period_s.is_none() => {
            (&key.namespace, key.name.as_str())
        }
        _ => return None,
    };
    let (set, _) = pod.rsplit_once('-')?;
    Some(Key::new(namespace.clone(), set))
}

fn discover(api: &Api) -> Result<Vec<Resource>, String> {
    let get = |path: &str| api.get(path).map_err(|e| e.to_string());
    let mut found = listed("v1", &get("/api/v1")?);
    let groups = get("/apis")?;
    for group in groups["groups"].as_array().into_iter().flatten() {
        let version = group["preferredVersion"]["groupVersion"].as_str().unwrap_or_default();
        found.extend(listed(version, &get(&format!("/apis/{version}"))?));
    }
    found.sort_unstable();
    Ok(found)
}
