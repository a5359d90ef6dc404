//! The links of one data directory: made, found again after a restart, removed. A thin layer: what is made and whom it is given to is
//! decided in `request`, `pool` and `host`. Links of several holders are made and removed side by side; only the table is taken in turns.

use crate::error::{Error, Result};
use crate::host::{self, Host};
use crate::journal::Made;
use crate::link::{Tag, inside_mac};
use crate::pool::{Owner, Pool};
use crate::range::Range;
use crate::rate::{self, Rates};
use crate::request::{self, Ipv6};
use crate::settings::{self, Settings};
use crate::socket::Socket;
use crate::ways;
use netlink_packet_route::RouteNetlinkMessage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use stead_journal::Journal;
use stead_sys::file::{Durability, replace};

/// Prefixes of a machine's part of a range, as k3s has them.
const PART_V4: u8 = 24;
const PART_V6: u8 = 64;
/// Parts that are tried while others take them at the same time.
const CHOICES_MAX: u32 = 16;
/// Of the record of addresses.
const VERSION: u32 = 1;

/// The record of addresses.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    pool: Pool,
}

/// The network of one data directory. One process at a time may have it open.
#[derive(Debug)]
pub struct Network {
    dir: PathBuf,
    tag: Tag,
    journal: Journal<Made>,
    ipv6: Ipv6,
    mtu: u32,
    table: Mutex<Table>,
    /// Holders whose link is being made or removed.
    busy: Mutex<BTreeSet<String>>,
    done: Condvar,
    /// A connection to the kernel, if nobody uses it right now.
    socket: Mutex<Option<Socket>>,
}

/// Who has which addresses.
#[derive(Debug)]
struct Table {
    pool: Pool,
    /// Places whose link is made as a whole.
    whole: BTreeSet<u32>,
}

/// The same while it is opened, by one thread.
#[derive(Debug)]
struct Opening {
    dir: PathBuf,
    tag: Tag,
    journal: Journal<Made>,
    socket: Socket,
    table: Table,
    ipv6: Ipv6,
    mtu: u32,
}

impl Table {
    fn addresses(&self, holder: &str) -> Option<Vec<IpAddr>> {
        let place = self.pool.place(holder).filter(|place| self.whole.contains(place))?;
        Some(self.pool.addresses(place))
    }
}

/// As long as it lives, nobody else makes or removes the holder's link.
struct Exclusive<'a> {
    network: &'a Network,
    holder: &'a str,
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        lock(&self.network.busy).remove(self.holder);
        self.network.done.notify_all();
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub links: usize,
}

impl Network {
    /// Opens `dir` for addresses of these ranges, one of each family at most and the primary one first. What is there of holders other than
    /// `live` is removed.
    pub fn open(dir: &Path, ranges: &[Range], live: &BTreeSet<String>) -> Result<Network> {
        let Opening { dir, tag, journal, socket, table, ipv6, mtu } = Opening::open(dir, ranges, live)?;
        let (table, socket) = (Mutex::new(table), Mutex::new(Some(socket)));
        Ok(Network { dir, tag, journal, ipv6, mtu, table, busy: Mutex::default(), done: Condvar::new(), socket })
    }

    /// This machine's ranges, the primary one first.
    pub fn ranges(&self) -> Vec<Range> {
        lock(&self.table).pool.ranges().to_vec()
    }

    /// The machine's own addresses towards its containers, the primary one first.
    pub fn machine_addresses(&self) -> Vec<IpAddr> {
        lock(&self.table).pool.machine_addresses()
    }

    /// Sets up links by which others reach the machine, those that are not yet: to be called when [`Ways`](crate::Ways) tells of some.
    pub fn open_ways(&self) -> Result<()> {
        let host = self.with_socket(host::look)?;
        ways::open(&Settings::of_machine()?, &host, &self.ranges());
        Ok(())
    }

    /// What tells this directory's things on the machine from others'.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The name of a holder's link on the machine, if it is connected.
    pub fn link(&self, holder: &str) -> Option<String> {
        let table = lock(&self.table);
        let place = table.pool.place(holder).filter(|place| table.whole.contains(place))?;
        Some(self.tag.link(place))
    }

    /// Who is connected.
    pub fn holders(&self) -> Vec<String> {
        let table = lock(&self.table);
        table.pool.holders().filter(|(_, place)| table.whole.contains(place)).map(|(holder, _)| holder.to_owned()).collect()
    }

    /// Connects a network namespace and gives its addresses, the primary one first; those that the owner had last, if they are free.
    /// Idempotent.
    pub fn attach(&self, owner: &Owner, holder: &str, namespace: &Path) -> Result<Vec<IpAddr>> {
        self.attach_limited(owner, holder, namespace, Rates::default())
    }

    /// The same, with a link that carries no more than that.
    pub fn attach_limited(&self, owner: &Owner, holder: &str, namespace: &Path, rates: Rates) -> Result<Vec<IpAddr>> {
        let _exclusive = self.exclusive(holder);
        if let Some(addresses) = self.addresses(holder) {
            return Ok(addresses);
        }
        let (place, addresses, saved) = {
            let mut table = lock(&self.table);
            let place = table.pool.claim(owner, holder)?;
            (place, table.pool.addresses(place), save(&self.dir, &table.pool))
        };
        if let Err(error) = saved.and_then(|()| self.connect(place, &addresses, namespace, rates)) {
            if let Err(error) = self.disconnect(holder) {
                tracing::warn!(holder, error = chain(&error), "a half-made link stays for now");
            }
            return Err(error);
        }
        lock(&self.table).whole.insert(place);
        Ok(addresses)
    }

    /// The addresses of a holder that is connected.
    pub fn addresses(&self, holder: &str) -> Option<Vec<IpAddr>> {
        lock(&self.table).addresses(holder)
    }

    /// Removes a holder's link and frees its addresses. Idempotent: one that is not there is gone.
    pub fn detach(&self, holder: &str) -> Result<()> {
        let _exclusive = self.exclusive(holder);
        self.disconnect(holder)
    }

    fn disconnect(&self, holder: &str) -> Result<()> {
        let Some(place) = lock(&self.table).pool.place(holder) else { return Ok(()) };
        let (link, shaper) = (self.tag.link(place), self.tag.shaper(place));
        self.with_socket(|socket| {
            remove_link(socket, &link)?;
            remove_link(socket, &shaper)
        })?;
        self.journal.gone(&[Made::Link(link), Made::Link(shaper)]);
        // Only now may another holder get the place, and with it the link's name.
        let mut table = lock(&self.table);
        table.whole.remove(&place);
        table.pool.release(holder);
        save(&self.dir, &table.pool)
    }

    /// Waits until nobody else makes or removes that holder's link.
    fn exclusive<'a>(&'a self, holder: &'a str) -> Exclusive<'a> {
        let mut busy = self.done.wait_while(lock(&self.busy), |busy| busy.contains(holder)).unwrap_or_else(PoisonError::into_inner);
        busy.insert(holder.to_owned());
        Exclusive { network: self, holder }
    }

    fn with_socket<T>(&self, work: impl FnOnce(&mut Socket) -> Result<T>) -> Result<T> {
        let known = lock(&self.socket).take();
        let mut socket = match known {
            Some(socket) => socket,
            None => Socket::open().map_err(|source| Error::Netlink { what: "talk to the kernel", source })?,
        };
        let done = work(&mut socket);
        lock(&self.socket).get_or_insert(socket);
        done
    }

    fn connect(&self, place: u32, addresses: &[IpAddr], namespace: &Path, rates: Rates) -> Result<()> {
        let name = self.tag.link(place);
        let mac = inside_mac(*addresses.first().ok_or(Error::NoRange)?);
        let own = self.machine_addresses();
        let namespace_file = File::open(namespace).map_err(io_error("open", namespace))?;
        let mut inside = Socket::open_in(&namespace_file).map_err(io_error("enter", namespace))?;
        self.journal.make(&[Made::Link(name.clone())]).map_err(Error::Journal)?;
        let make = request::make_link(&name, mac, namespace_file.as_raw_fd(), self.mtu);
        let [settings, up] = request::bring_outside_up(&name, self.ipv6);
        self.with_socket(|outside| {
            let index = index(outside.perform(&[make, settings, up, request::get_link(&name)])?);
            let [settings, up] = request::bring_inside_up(self.ipv6);
            let inside_index = self::index(inside.perform(&[settings, up, request::get_link(crate::link::INSIDE)])?);
            let requests: Vec<_> = addresses.iter().flat_map(|address| request::reach_outside(inside_index, *address)).collect();
            inside.perform(&requests)?;
            if let Some(rate) = rates.outwards {
                self.limit_outwards(outside, place, index, rate)?;
            }
            let mut requests: Vec<_> = rates.inwards.map(|rate| rate::limit(index, rate)).into_iter().collect();
            requests.extend(addresses.iter().flat_map(|address| {
                let own = own.iter().copied().find(|own| own.is_ipv4() == address.is_ipv4());
                request::reach_inside(index, *address, own, mac)
            }));
            outside.perform(&requests).map(drop)
        })
    }

    /// What comes out of a link, on the machine: whoever is inside cannot undo it.
    fn limit_outwards(&self, socket: &mut Socket, place: u32, link: u32, bits_per_s: u64) -> Result<()> {
        let name = self.tag.shaper(place);
        self.journal.make(&[Made::Link(name.clone())]).map_err(Error::Journal)?;
        let shaper = index(socket.perform(&[rate::make_shaper(&name), request::get_link(&name)])?);
        socket.perform(&[rate::limit(shaper, bits_per_s)])?;
        socket.perform(&rate::lead_through(link, shaper)).map(drop)
    }
}

impl Opening {
    /// Opens `dir` for addresses of these ranges, one of each family at most and the primary one first. What is there of holders other than
    /// `live` is removed.
    fn open(dir: &Path, ranges: &[Range], live: &BTreeSet<String>) -> Result<Opening> {
        fs::create_dir_all(dir).map_err(io_error("create", dir))?;
        let dir = dir.canonicalize().map_err(io_error("resolve", dir))?;
        let journal = Journal::open(&dir.join("journal")).map_err(Error::Journal)?;
        let mut socket = Socket::open().map_err(|source| Error::Netlink { what: "talk to the kernel", source })?;
        let host = host::look(&mut socket)?;
        let tag = Tag::of(&dir);
        let (mtu, ipv6) = (host.mtu(), host::ipv6());
        let ranges = &usable(ranges, ipv6)?[..];
        let record = read(&dir)?;
        let is_held = record.as_ref().is_some_and(|pool| pool.holders().any(|(holder, _)| live.contains(holder)));
        let former = record.filter(|pool| is_held || is_of(pool.ranges(), ranges));
        let is_new = former.is_none();
        let pool = former.map_or_else(|| parts(ranges, &host, &tag).map(Pool::new), Ok)?;
        let mut network = Opening { dir, tag, journal, socket, table: Table { pool, whole: BTreeSet::new() }, ipv6, mtu };
        let host = if is_new { network.choose(ranges, host)? } else { network.take_up_former(ranges, host, is_held)? };
        network.find(&host, live)?;
        Ok(network)
    }

    /// Takes up the part that this directory had. Where another one has it now, what holds addresses of it decides: nothing can go on beside
    /// the other's, and if nothing does, any part is as good.
    fn take_up_former(&mut self, ranges: &[Range], host: Host, is_held: bool) -> Result<Host> {
        match self.take_up(&host, ranges) {
            Err(Error::PartTaken { range, by }) if !is_held => {
                let host = host::look(&mut self.socket)?;
                self.table.pool = Pool::new(parts(ranges, &host, &self.tag)?);
                let host = self.choose(ranges, host)?;
                let now = self.table.pool.ranges().iter().map(Range::to_string).collect::<Vec<_>>().join(",");
                tracing::warn!(%range, by, now, "another one uses the addresses that containers had here: they get others");
                Ok(host)
            }
            taken => taken.map(|()| host),
        }
    }

    /// Takes the first part that is free. Another directory's server may take it at the same moment: then the next.
    fn choose(&mut self, ranges: &[Range], mut host: Host) -> Result<Host> {
        for _ in 0..CHOICES_MAX {
            match self.take_up(&host, ranges) {
                Ok(()) => return Ok(host),
                Err(Error::PartTaken { .. }) => {}
                Err(error) => return Err(error),
            }
            host = host::look(&mut self.socket)?;
            self.table.pool = Pool::new(parts(ranges, &host, &self.tag)?);
        }
        self.take_up(&host, ranges).map(|()| host)
    }

    /// Gives the machine its own address in each range. Where two directories came to the same part, the first one has it.
    fn take_up(&mut self, host: &Host, ranges: &[Range]) -> Result<()> {
        for (address, part) in self.table.pool.machine_addresses().into_iter().zip(self.table.pool.ranges().to_vec()) {
            // An IPv6 address has no label that says whose it is.
            let own = if address.is_ipv4() { host.addresses_of(&self.tag) } else { self.journalled() }.contains(&address);
            self.journal.make(&[Made::Address(address)]).map_err(Error::Journal)?;
            match self.socket.perform(&[request::add_machine_address(address, &self.tag.label())]) {
                Ok(_) => {}
                Err(error) if error.is_there_already() && own => {}
                Err(error) if error.is_there_already() => {
                    self.journal.gone(&[Made::Address(address)]);
                    let by = host.user_of(part, part, &self.tag, &[]).unwrap_or_else(|| format!("address {address}"));
                    return Err(Error::PartTaken { range: part, by });
                }
                Err(error) => return Err(error),
            }
            if !ranges.iter().any(|range| range.covers(part)) {
                tracing::warn!(%part, "containers keep the range of addresses that this directory was given first");
            }
            if let Some(by) = host.user_of(part, part, &self.tag, &self.table.pool.machine_addresses()) {
                tracing::warn!(%part, by, "something else on this machine uses addresses of the containers' range");
            }
        }
        Settings::forget_gone();
        ways::open(&Settings::of_machine()?, host, self.table.pool.ranges());
        self.save()
    }

    /// The machine's addresses that were made or about to be made.
    fn journalled(&self) -> Vec<IpAddr> {
        self.journal.live().into_iter().filter_map(|made| if let Made::Address(address) = made { Some(address) } else { None }).collect()
    }

    /// Finds the links that an earlier process made, and removes those that nobody holds or that are not whole.
    fn find(&mut self, host: &Host, live: &BTreeSet<String>) -> Result<()> {
        let gone: Vec<String> =
            self.table.pool.holders().map(|(holder, _)| holder.to_owned()).filter(|holder| !live.contains(holder)).collect();
        for holder in &gone {
            self.table.pool.release(holder);
        }
        let routed = |place: &u32| self.table.pool.addresses(*place).iter().all(|address| host.routed(&self.tag.link(*place), *address));
        self.table.whole = self.table.pool.holders().map(|(_, place)| place).filter(routed).collect();
        let kept: BTreeSet<String> = self.table.whole.iter().flat_map(|place| [self.tag.link(*place), self.tag.shaper(*place)]).collect();
        let mut strays = host.links_of(&self.tag);
        strays.extend(self.journal.live().into_iter().filter_map(|made| if let Made::Link(name) = made { Some(name) } else { None }));
        for stray in strays.difference(&kept) {
            self.remove_link(stray)?;
        }
        let mut addresses = self.journalled();
        addresses.extend(host.addresses_of(&self.tag));
        addresses.retain(|address| !self.table.pool.machine_addresses().contains(address));
        for address in addresses {
            unless_absent(self.socket.perform(&[request::remove_machine_address(address)]))?;
            self.journal.gone(&[Made::Address(address)]);
        }
        self.save()
    }

    fn remove_link(&mut self, name: &str) -> Result<()> {
        remove_link(&mut self.socket, name)?;
        self.journal.gone(&[Made::Link(name.to_owned())]);
        Ok(())
    }

    fn save(&self) -> Result<()> {
        save(&self.dir, &self.table.pool)
    }
}

/// Removes everything that was made for `dir`, which need not exist; addresses stay reserved for whom they were given to last. Not for a
/// directory that a server has open.
pub fn clean(dir: &Path) -> Result<Cleaned> {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let tag = Tag::of(&dir);
    let mut socket = Socket::open().map_err(|source| Error::Netlink { what: "talk to the kernel", source })?;
    let host = host::look(&mut socket)?;
    let journal = if dir.exists() { Some(Journal::open(&dir.join("journal")).map_err(Error::Journal)?) } else { None };
    let made: Vec<Made> = journal.iter().flat_map(Journal::live).collect();
    let mut links = host.links_of(&tag);
    let mut addresses: BTreeSet<IpAddr> = host.addresses_of(&tag).into_iter().collect();
    let cleaned = Cleaned { links: links.iter().filter(|link| link.starts_with(&tag.links())).count() };
    for thing in &made {
        match thing {
            Made::Link(name) => drop(links.insert(name.clone())),
            Made::Address(address) => drop(addresses.insert(*address)),
            // As earlier versions wrote them down.
            Made::Sysctl { name, was, set } => settings::restore(name, was, set),
        }
    }
    for link in &links {
        remove_link(&mut socket, link)?;
    }
    for address in addresses {
        unless_absent(socket.perform(&[request::remove_machine_address(address)]))?;
    }
    if let Some(journal) = journal {
        journal.gone(&made);
    }
    if let Some(mut pool) = read(&dir)? {
        let holders: Vec<String> = pool.holders().map(|(holder, _)| holder.to_owned()).collect();
        for holder in &holders {
            pool.release(holder);
        }
        save(&dir, &pool)?;
    }
    // Whoever goes at the same moment has taken its things away by now, or sees that ours are gone.
    Settings::forget_gone();
    match host::look(&mut socket)?.has_others(&tag) {
        true => tracing::info!("settings of this machine are left: containers of another data directory need them"),
        false => Settings::of_machine()?.put_back()?,
    }
    Ok(cleaned)
}

/// The machine's addresses towards its containers when `dir` was last in use, the primary one first.
pub fn recorded_addresses(dir: &Path) -> Result<Vec<IpAddr>> {
    Ok(read(dir)?.map(|pool| pool.machine_addresses()).unwrap_or_default())
}

/// The ranges of families that the machine has.
fn usable(ranges: &[Range], ipv6: Ipv6) -> Result<Vec<Range>> {
    let (usable, others): (Vec<Range>, Vec<Range>) = ranges.iter().partition(|range| range.is_ipv4() || ipv6 == Ipv6::Present);
    match (usable.is_empty(), others.first()) {
        (true, Some(range)) => Err(Error::NoIpv6 { range: *range }),
        (true, None) => Err(Error::NoRange),
        (false, Some(range)) => {
            tracing::warn!(%range, "this machine has no IPv6: containers get no addresses of that range");
            Ok(usable)
        }
        (false, None) => Ok(usable),
    }
}

/// Whether these parts are what one would have of these ranges.
fn is_of(parts: &[Range], ranges: &[Range]) -> bool {
    parts.len() == ranges.len() && ranges.iter().zip(parts).all(|(range, part)| range.covers(*part))
}

/// The parts of these ranges that this machine is to have: the first of which nobody else here uses anything.
fn parts(ranges: &[Range], host: &Host, tag: &Tag) -> Result<Vec<Range>> {
    let part = |range: &Range| {
        let prefix = if range.is_ipv4() { PART_V4 } else { PART_V6 };
        let mut users = Vec::new();
        for part in range.parts(prefix) {
            match host.user_of(part, *range, tag, &[]) {
                None => return Ok(part),
                Some(user) => users.push(user),
            }
        }
        Err(Error::RangeTaken { range: *range, by: users.into_iter().next().unwrap_or_default() })
    };
    ranges.iter().map(part).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove_link(socket: &mut Socket, name: &str) -> Result<()> {
    unless_absent(socket.perform(&[request::remove_link(name)]))
}

fn unless_absent(result: Result<Vec<RouteNetlinkMessage>>) -> Result<()> {
    match result {
        Err(error) if error.is_absent() => Ok(()),
        other => other.map(drop),
    }
}

/// The index of the link that was asked for.
fn index(answers: Vec<RouteNetlinkMessage>) -> u32 {
    let link = answers.into_iter().find_map(|answer| if let RouteNetlinkMessage::NewLink(link) = answer { Some(link) } else { None });
    link.map_or(0, |link| link.header.index)
}

fn file(dir: &Path) -> PathBuf {
    dir.join("addresses.json")
}

/// The record; `None` if there is none, or only the beginning of one.
fn read(dir: &Path) -> Result<Option<Pool>> {
    let path = file(dir);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(io_error("read", &path)(error)),
    };
    match serde_json::from_slice::<Record>(&bytes) {
        Ok(record) if record.version > VERSION => {
            Err(Error::NotUnderstood { path, reason: format!("it is of version {}", record.version) })
        }
        Ok(record) => Ok(Some(record.pool)),
        Err(error) if error.is_eof() || bytes.contains(&0) => Ok(None),
        Err(error) => Err(Error::NotUnderstood { path, reason: error.to_string() }),
    }
}

/// Writes the record. A loss of power ends what holds the addresses, too.
fn save(dir: &Path, pool: &Pool) -> Result<()> {
    let path = file(dir);
    let record = Record { version: VERSION, pool: pool.clone() };
    let written = serde_json::to_vec(&record).map_err(io::Error::from).and_then(|bytes| replace(&path, &bytes, 0o600, Durability::Process));
    written.map_err(io_error("write", &path))
}

fn io_error<'a>(operation: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::Io { operation, path: path.to_owned(), source }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
