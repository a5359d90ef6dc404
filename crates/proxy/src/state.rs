//! What is known of Services, EndpointSlices and this node, what the table is to have, and the changes from one state to the next. Pure.
//!
//! Some elements are of several Services: two may ask for one address, and endpoints of one pod come to themselves through all of them. The
//! Service that is first by name has an address; an element goes with the last that wants it.

use crate::elements::{Made, Placed, make};
use crate::endpoints::{self, Node, Slice};
use crate::layout::{Name, Settings, Way};
use crate::service::{self, Service, ServiceName};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use stead_api::Value as Object;
use stead_netfilter::{Batch, Element, Family, Key, Value};

/// Chains that may be kept before unused ones are looked for.
const WAYS_MAX: usize = 256;

type Place = (Name, Family, Key);

/// Everything that the table is made of.
#[derive(Debug)]
pub struct State {
    pub settings: Settings,
    node: Node,
    services: HashMap<ServiceName, Known>,
    /// Which Service a slice is of, by the slice's name.
    slices: HashMap<ServiceName, ServiceName>,
    dirty: BTreeSet<ServiceName>,
    /// Who wants an element that several may want, with what value.
    claims: HashMap<Place, Claims>,
    /// Chains that are there: those that elements lead to, and some that they led to once.
    ways: BTreeSet<Way>,
    health: BTreeMap<u16, Health>,
}

/// Services, in the order of their names, and what each wants. Nearly always there is one.
type Claims = Vec<(ServiceName, Value)>;

/// One Service, or slices of one that is not there yet.
#[derive(Debug, Default)]
struct Known {
    service: Option<Service>,
    /// By name. Nearly always there is one, for which a tree's node would be ten times too large.
    slices: Vec<(ServiceName, Slice)>,
    made: Made,
}

impl Known {
    fn is_empty(&self) -> bool {
        self.service.is_none() && self.slices.is_empty()
    }

    fn place_of(&self, slice: &str) -> Result<usize, usize> {
        self.slices.binary_search_by(|(name, _)| (**name).cmp(slice))
    }

    /// Whether that is another one than before.
    fn put_slice(&mut self, name: &ServiceName, slice: Slice) -> bool {
        match self.place_of(name) {
            Ok(at) if self.slices[at].1 == slice => return false,
            Ok(at) => self.slices[at].1 = slice,
            Err(at) => {
                self.slices.reserve_exact(1);
                self.slices.insert(at, (name.clone(), slice));
            }
        }
        true
    }

    fn take_slice(&mut self, name: &str) {
        if let Ok(at) = self.place_of(name) {
            self.slices.remove(at);
        }
    }
}

/// What is said at the port for checks of a load balancer (SVC-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub service: ServiceName,
    pub local_endpoints: usize,
}

/// From one state to the next.
#[derive(Debug, Clone)]
pub struct Changes {
    pub batch: Batch,
    pub services: usize,
    /// UDP addresses, and where what comes to them may still go: flows to elsewhere are to be forgotten (SVC-13).
    pub udp: HashMap<SocketAddr, Vec<SocketAddr>>,
}

/// Elements that others may want as well.
fn is_shared(name: Name) -> bool {
    name != Name::Affinity
}

impl State {
    pub fn new(settings: Settings) -> State {
        State {
            settings,
            node: Node::default(),
            services: HashMap::new(),
            slices: HashMap::new(),
            dirty: BTreeSet::new(),
            claims: HashMap::new(),
            ways: BTreeSet::new(),
            health: BTreeMap::new(),
        }
    }

    pub fn put_service(&mut self, object: &Object) {
        let name = service::name_of(object);
        let new = service::read(object);
        if new.is_none() && !self.services.contains_key(&name) {
            return;
        }
        let known = self.services.entry(name.clone()).or_default();
        if known.service != new {
            known.service = new;
            self.dirty.insert(name);
        }
    }

    pub fn delete_service(&mut self, name: &str) {
        if let Some((name, known)) = self.services.get_key_value(name) {
            let name = name.clone();
            if known.service.is_some() {
                self.services.entry(name.clone()).or_default().service = None;
                self.dirty.insert(name);
            }
        }
    }

    pub fn put_slice(&mut self, object: &Object) {
        let name = service::name_of(object);
        let new = endpoints::read(object);
        let former = self.slices.get(&name).cloned();
        if let Some(former) = former.filter(|former| new.as_ref().is_none_or(|new| new.service != *former)) {
            self.take_slice(&name, &former);
        }
        let Some(new) = new else { return };
        let known = self.services.entry(new.service.clone()).or_default();
        let service = new.service.clone();
        if known.put_slice(&name, new) {
            self.dirty.insert(service.clone());
            self.slices.insert(name, service);
        }
    }

    pub fn delete_slice(&mut self, name: &str) {
        if let Some((name, service)) = self.slices.get_key_value(name).map(|(name, service)| (name.clone(), service.clone())) {
            self.take_slice(&name, &service);
        }
    }

    fn take_slice(&mut self, name: &str, service: &ServiceName) {
        self.slices.remove(name);
        if let Some(known) = self.services.get_mut(service) {
            known.take_slice(name);
            self.dirty.insert(service.clone());
        }
    }

    /// Keeps only Services, or slices, of these names: what a new list does not have is gone.
    pub fn retain_services(&mut self, names: &BTreeSet<ServiceName>) {
        let gone: Vec<ServiceName> = self.services.keys().filter(|name| !names.contains(*name)).cloned().collect();
        gone.iter().for_each(|name| self.delete_service(name));
    }

    pub fn retain_slices(&mut self, names: &BTreeSet<ServiceName>) {
        let gone: Vec<ServiceName> = self.slices.keys().filter(|name| !names.contains(*name)).cloned().collect();
        gone.iter().for_each(|name| self.delete_slice(name));
    }

    pub fn set_node(&mut self, object: &Object) {
        let node = endpoints::node(object);
        if node != self.node {
            self.node = node;
            self.dirty.extend(self.services.keys().cloned());
        }
    }

    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The ports at which load balancers ask how many endpoints are here.
    pub fn health(&self) -> &BTreeMap<u16, Health> {
        &self.health
    }

    /// What has changed since this was last asked, as one batch.
    pub fn changes(&mut self) -> Changes {
        let dirty = std::mem::take(&mut self.dirty);
        let mut turned = Turned::default();
        let mut udp = HashMap::new();
        let mut ways = BTreeSet::new();
        for name in &dirty {
            let Some(known) = self.services.get(name) else { continue };
            let slices: Vec<&Slice> = known.slices.iter().map(|(_, slice)| slice).collect();
            let new = known.service.as_ref().map(|service| make(name, service, &slices, &self.node)).unwrap_or_default();
            let health_port = known.service.as_ref().map_or(0, |service| service.health_check_port);
            let old = self.services.get_mut(name).map(|known| std::mem::take(&mut known.made)).unwrap_or_default();
            for (address, _) in old.udp.iter().filter(|entry| !new.udp.contains(entry)) {
                udp.entry(*address).or_insert_with(Vec::new);
            }
            udp.extend(new.udp.iter().filter(|entry| !old.udp.contains(entry)).cloned());
            ways.extend(new.ways.iter().cloned());
            self.health.retain(|_, health| health.service != *name);
            if health_port != 0 {
                self.health.insert(health_port, Health { service: name.clone(), local_endpoints: new.local_endpoints });
            }
            self.turn(name, &old.elements, &new.elements, &mut turned);
            match self.services.get_mut(name) {
                Some(known) if known.is_empty() => drop(self.services.remove(name)),
                Some(known) => known.made = new,
                None => {}
            }
        }
        let batch = self.batch(&turned, &ways);
        Changes { batch, services: dirty.len(), udp }
    }

    /// From a Service's old elements to its new ones.
    fn turn(&mut self, service: &ServiceName, old: &[Placed], new: &[Placed], turned: &mut Turned) {
        let old_set: BTreeSet<&Placed> = old.iter().collect();
        let new_set: BTreeSet<&Placed> = new.iter().collect();
        for (name, family, element) in old_set.difference(&new_set) {
            let place = (*name, *family, element.key.clone());
            let before = if is_shared(*name) { self.in_force(&place) } else { Some((*element).clone()) };
            if let Some(claims) = self.claims.get_mut(&place) {
                claims.retain(|(claimant, value)| claimant != service || *value != element.value);
                if claims.is_empty() {
                    self.claims.remove(&place);
                }
            }
            let after = self.in_force(&place);
            turned.note(place, before, after);
        }
        for (name, family, element) in new_set.difference(&old_set) {
            let place = (*name, *family, element.key.clone());
            let before = self.in_force(&place);
            let after = if is_shared(*name) {
                let claims = self.claims.entry(place.clone()).or_insert_with(|| Vec::with_capacity(1));
                let claim = (service.clone(), element.value.clone());
                claims.insert(claims.partition_point(|other| *other < claim), claim);
                self.in_force(&place)
            } else {
                Some((*element).clone())
            };
            turned.note(place, before, after);
        }
    }

    fn in_force(&self, place: &Place) -> Option<Element> {
        let (_, value) = self.claims.get(place)?.first()?;
        Some(Element { key: place.2.clone(), end: None, value: value.clone() })
    }

    fn batch(&mut self, turned: &Turned, ways: &BTreeSet<Way>) -> Batch {
        let mut batch = Batch::new(&self.settings.table);
        for way in ways.difference(&self.ways) {
            crate::reconcile::add_chain(&mut batch, &way.chain(&self.settings));
        }
        self.ways.extend(ways.iter().cloned());
        let (gone, come) = turned.sorted();
        for ((name, family), elements) in gone {
            batch.delete_elements(&name.set(family), elements);
        }
        for ((name, family), elements) in come {
            batch.add_elements(&name.set(family), elements);
        }
        batch
    }

    /// Everything that the table is to have in its sets, but what clients add.
    pub fn elements(&self) -> BTreeMap<(Name, Family), Vec<Element>> {
        let mut all: BTreeMap<(Name, Family), BTreeSet<Element>> = BTreeMap::new();
        for known in self.services.values() {
            for (name, family, element) in known.made.elements.iter().filter(|(name, ..)| !is_shared(*name)) {
                all.entry((*name, *family)).or_default().insert(element.clone());
            }
        }
        for place in self.claims.keys() {
            all.entry((place.0, place.1)).or_default().extend(self.in_force(place));
        }
        all.into_iter().map(|(set, elements)| (set, elements.into_iter().collect())).collect()
    }

    /// The chains that elements lead to.
    pub fn ways(&self) -> BTreeSet<Way> {
        self.services.values().flat_map(|known| known.made.ways.iter().cloned()).collect()
    }

    /// Whether many chains are kept that no element leads to any more.
    pub fn has_many_unused_ways(&self) -> bool {
        self.ways.len() > WAYS_MAX && self.ways.len() > 2 * self.ways().len()
    }

    /// From here on only those are to be there that elements lead to.
    pub fn forget_unused_ways(&mut self) {
        self.ways = self.ways();
    }

    /// All UDP addresses and where what comes to them may go.
    pub fn udp(&self) -> HashMap<SocketAddr, Vec<SocketAddr>> {
        self.services.values().flat_map(|known| known.made.udp.iter().cloned()).collect()
    }
}

type Sorted<'a> = BTreeMap<(Name, Family), Vec<&'a Element>>;

/// Places whose element may have become another one: what was there at first, and what is there now.
#[derive(Debug, Default)]
struct Turned(BTreeMap<Place, (Option<Element>, Option<Element>)>);

impl Turned {
    fn note(&mut self, place: Place, before: Option<Element>, after: Option<Element>) {
        self.0.entry(place).or_insert((before, None)).1 = after;
    }

    /// What goes and what comes.
    fn sorted(&self) -> (Sorted<'_>, Sorted<'_>) {
        let (mut gone, mut come) = (Sorted::new(), Sorted::new());
        for ((name, family, _), (before, after)) in self.0.iter().filter(|(_, (before, after))| before != after) {
            for (element, into) in [(before, &mut gone), (after, &mut come)] {
                if let Some(element) = element {
                    into.entry((*name, *family)).or_default().push(element);
                }
            }
        }
        (gone, come)
    }
}
