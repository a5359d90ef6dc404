//! systemd's logind: it tells that the machine is about to shut down, and waits as long as somebody holds a lock, up to its own
//! `InhibitDelayMaxSec`. On machines without it nothing is heard here.

use super::Handle;
use super::bus::{Bus, Error, Received};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_api::time::go_duration;

/// Where the system's bus listens unless one is told otherwise, in the form of an address of D-Bus.
pub const ADDRESS: &str = "unix:path=/run/dbus/system_bus_socket";
const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const MATCH: &str = "type='signal',sender='org.freedesktop.login1',path='/org/freedesktop/login1',\
                     interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'";
/// Pause before the bus is tried again; doubled up to the next.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// The socket of an address. None if it has another form.
pub fn socket(address: &str) -> Option<PathBuf> {
    address.split([';', ',']).find_map(|part| part.strip_prefix("unix:path=")).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Tells `handle` what logind tells; `total` is how long pods have in all. Runs for ever.
pub async fn listen(socket: PathBuf, handle: Handle, total: Duration) {
    let mut pause = RETRY_FIRST;
    loop {
        match session(&socket, &handle, total, &mut pause).await {
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::info!(socket = %socket.display(), "there is no system bus: logind cannot tell of shutdowns, SIGPWR can");
                pause = RETRY_MAX;
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "logind is not heard"),
            Ok(never) => match never {},
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

/// One connection, until it breaks.
async fn session(socket: &Path, handle: &Handle, total: Duration, pause: &mut Duration) -> Result<std::convert::Infallible, Error> {
    let mut bus = Bus::connect(socket).await?;
    bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", &[MATCH]).await?;
    let longest = longest_delay(&mut bus).await?;
    if longest < total {
        handle.trouble(too_short(longest, total));
    }
    let mut lock = Some(inhibit(&mut bus).await?);
    tracing::info!("logind will tell of shutdowns");
    *pause = RETRY_FIRST;
    let mut begun = false;
    loop {
        tokio::select! {
            signal = bus.signal() => match prepares(&signal?) {
                Some(true) => {
                    begun = true;
                    handle.begin();
                }
                Some(false) => {
                    begun = false;
                    handle.cancel();
                    lock = Some(inhibit(&mut bus).await?);
                }
                None => {}
            },
            // Lets the machine go on.
            () = handle.done(), if begun && lock.is_some() => lock = None,
        }
    }
}

/// Whether the machine is about to shut down, if that is what the signal says.
fn prepares(signal: &Received) -> Option<bool> {
    let message = &signal.message;
    let ours = message.path == PATH && message.interface == MANAGER && message.member == "PrepareForShutdown";
    ours.then(|| message.boolean())?
}

async fn longest_delay(bus: &mut Bus) -> Result<Duration, Error> {
    let answer = bus.call(NAME, PATH, "org.freedesktop.DBus.Properties", "Get", &[MANAGER, "InhibitDelayMaxUSec"]).await?;
    Ok(answer.message.variant_number().map_or(Duration::MAX, Duration::from_micros))
}

/// The lock is held as long as its descriptor is open.
async fn inhibit(bus: &mut Bus) -> Result<OwnedFd, Error> {
    let arguments = ["shutdown", "stead", "Pods need time to end", "delay"];
    let mut answer = bus.call(NAME, PATH, MANAGER, "Inhibit", &arguments).await?;
    answer.fds.pop().ok_or_else(|| Error::NotAnswered("Inhibit, with a descriptor,".to_owned()))
}

fn too_short(longest: Duration, total: Duration) -> String {
    format!(
        "logind waits no longer than {} before a shutdown, and pods are to have {}: write \"[Login]\" and \"InhibitDelayMaxSec={}\" into \
         /etc/systemd/logind.conf.d/stead.conf, run \"systemctl kill -s HUP systemd-logind\", and start this server again",
        go_duration(longest),
        go_duration(total),
        total.as_secs()
    )
}
