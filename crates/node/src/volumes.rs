//! Sets the volumes of one pod up and keeps them up to date: fetches what they are made of and has the volume store write it. It decides
//! nothing: what they are to be says `pod::volumes`.

use crate::disks::NodeDisks;
use crate::following::{Followed, Following};
use crate::node::Node;
use crate::pod::environment::file::BYTES_MAX;
use crate::pod::operation::VariableFile;
use crate::pod::steps::NodeFacts;
use crate::pod::volumes::claims::{Bound, ClaimVolume};
use crate::pod::volumes::content::{Inputs, TokenKey, Wanted, wanted};
use crate::pod::volumes::mounts::{self, CLAIM_KIND};
use crate::pod::volumes::source::{Part, Source, absent, claim_name, referenced, source, used};
use crate::pod::volumes::{Stage, VolumeFailure, VolumesUp};
use crate::runtime::Runtime;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, SERVICE_ACCOUNTS};
use stead_client::{Call, Client, Key};
use stead_volumes::{Store, SubPath, host_path};

const SECOND_US: i64 = 1_000_000;
/// A token is replaced after so long, however long it is good for (VOL-12).
const TOKEN_AGE_MAX_S: i64 = 24 * 3600;
/// Replacements are spread over so long.
const TOKEN_JITTER_S: i64 = 10;

/// Where a node's volumes are.
#[derive(Clone)]
pub struct Volumes {
    pub store: Arc<Store>,
    pub following: Following,
    /// Of the claims that this node has made.
    pub disks: Option<Arc<dyn NodeDisks>>,
}

/// One pod's.
pub struct PodVolumes {
    /// None on a node without containers.
    volumes: Option<Volumes>,
    followed: Result<Vec<Followed>, String>,
    tokens: Mutex<BTreeMap<TokenKey, Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    text: String,
    renew_at: Timestamp,
    expires: Timestamp,
}

impl PodVolumes {
    /// Follows what the pod's volumes refer to.
    pub fn new(volumes: Option<Volumes>, pod: &Value) -> Self {
        let namespace = pod["metadata"].str("namespace");
        let followed = volumes.iter().flat_map(|volumes| {
            referenced(pod).into_iter().map(|(resource, name)| volumes.following.follow(resource, Key::new(namespace, name)))
        });
        let followed = followed.collect();
        Self { volumes, followed, tokens: Mutex::default() }
    }

    /// What changes tell of.
    pub fn followed(&self) -> Vec<Followed> {
        self.followed.clone().unwrap_or_default()
    }

    /// Sets every volume up that can be, or brings it up to date.
    pub async fn set_up<R: Runtime>(&self, node: &Node<R>, pod: &Arc<Value>, seen: Timestamp) -> Result<VolumesUp, Vec<VolumeFailure>> {
        let Some(volumes) = &self.volumes else { return missing(node, pod, seen).await };
        let everything = |error: String| -> Vec<VolumeFailure> {
            used(pod).iter().map(|volume| VolumeFailure::of(volume.str("name"), Stage::SetUp, error.as_str())).collect()
        };
        let (inputs, renew_at) = self.inputs(node, pod, seen, node.now().wall).await.map_err(everything)?;
        let (store, node, pod) = (Arc::clone(&volumes.store), Arc::clone(&node.facts), Arc::clone(pod));
        let disks = volumes.disks.clone();
        blocking(move || set_up_all(&store, disks.as_deref(), &node, &pod, &inputs)).await.map(|()| VolumesUp { renew_at })
    }

    async fn inputs<R: Runtime>(
        &self,
        node: &Node<R>,
        pod: &Value,
        seen: Timestamp,
        now: Timestamp,
    ) -> Result<(Inputs, Option<Timestamp>), String> {
        let api = &node.api;
        let mut inputs = Inputs { seen, ..Inputs::default() };
        for mut followed in self.followed.clone()? {
            let object = followed.object().await?;
            inputs.objects.insert((followed.resource(), followed.name().to_owned()), object);
        }
        self.claims(node, pod, &mut inputs).await?;
        let mut renew_at = None;
        for key in token_keys(pod) {
            let token = self.token(api, pod, &key, now).await;
            renew_at = renew_at.into_iter().chain(token.as_ref().map(|token| token.renew_at)).min();
            inputs.tokens.insert(key, token.map(|token| token.text));
        }
        Ok((inputs, renew_at))
    }

    /// What the claims that are not mounted yet are bound to. One that is stays so, whatever becomes of its objects.
    async fn claims<R: Runtime>(&self, node: &Node<R>, pod: &Value, inputs: &mut Inputs) -> Result<(), String> {
        let Some(volumes) = &self.volumes else { return Ok(()) };
        for volume in used(pod) {
            let Source::Claim(source) = source(volume) else { continue };
            let (store, owner, name) = (Arc::clone(&volumes.store), pod["metadata"].str("uid").to_owned(), volume.str("name").to_owned());
            let mounted = blocking(move || store.is_bound(&store.place(&owner, CLAIM_KIND, &name))).await;
            if mounted.map_err(|error| error.to_string())? {
                continue;
            }
            let name = claim_name(pod, volume, source);
            let wanted = ClaimVolume { pod, volume, source, name: &name };
            let claim = inputs.objects.get(&(PERSISTENT_VOLUME_CLAIMS, name.clone())).cloned().flatten();
            let bound = match wanted.persistent_volume(claim.as_deref()) {
                Ok((claim, name)) => {
                    let found = node.api.find(PERSISTENT_VOLUMES, &Key::cluster(name)).await.map_err(|failure| failure.to_string())?;
                    wanted.bound(claim, (name, found.as_ref()), |selector| node.roster.room().is_selected(selector))
                }
                Err(failure) => Err(failure),
            };
            inputs.claims.insert(volume.str("name").to_owned(), bound);
        }
        Ok(())
    }

    fn tokens(&self) -> MutexGuard<'_, BTreeMap<TokenKey, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token there is, or a new one where that grows old; as long as none can be had the old one stays.
    async fn token(&self, api: &Client, pod: &Value, key: &TokenKey, now: Timestamp) -> Result<Token, String> {
        let old = self.tokens().get(key).cloned();
        if let Some(token) = old.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.clone());
        }
        match request_token(api, pod, key, now).await {
            Ok(token) => {
                self.tokens().insert(key.clone(), token.clone());
                Ok(token)
            }
            Err(error) => match old.filter(|token| now < token.expires) {
                Some(token) => {
                    tracing::warn!(error, "a token could not be replaced; the old one is still good");
                    Ok(Token { renew_at: Timestamp(now.0 + TOKEN_JITTER_S * SECOND_US), ..token })
                }
                None => Err(error),
            },
        }
    }

    /// Binds paths inside volumes for a start.
    pub async fn bind(&self, pod: &Value, sub_paths: Vec<SubPath>) -> Result<(), String> {
        let Some(volumes) = &self.volumes else { return Ok(()) };
        let (store, owner) = (Arc::clone(&volumes.store), pod["metadata"].str("uid").to_owned());
        blocking(move || {
            for sub_path in &sub_paths {
                if let Err(error) = store.bind(&owner, sub_path) {
                    tracing::warn!(pod = owner, path = sub_path.path, %error, "a path in a volume cannot be bound");
                    return Err(mounts::refused(sub_path));
                }
            }
            Ok(())
        })
        .await
    }

    /// Reads files of variables.
    pub async fn read(&self, files: Vec<VariableFile>) -> BTreeMap<(String, String), Result<Option<String>, String>> {
        if files.is_empty() {
            return BTreeMap::new();
        }
        let read = |file: VariableFile| {
            let found = stead_volumes::read_below(&file.root, &file.path, BYTES_MAX).map_err(|error| error.to_string());
            ((file.volume, file.path), found.map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())))
        };
        blocking(move || files.into_iter().map(read).collect()).await
    }

    /// Takes all volumes down, with what is in them.
    pub async fn tear_down(&self, pod: &Value) -> Result<(), String> {
        self.with_store(pod, Store::tear_down).await
    }

    /// Removes the pod's directory.
    pub async fn remove(&self, pod: &Value) -> Result<(), String> {
        self.with_store(pod, Store::remove).await
    }

    async fn with_store(
        &self,
        pod: &Value,
        work: impl FnOnce(&Store, &str) -> stead_volumes::Result<()> + Send + 'static,
    ) -> Result<(), String> {
        let Some(volumes) = &self.volumes else { return Ok(()) };
        let (store, owner) = (Arc::clone(&volumes.store), pod["metadata"].str("uid").to_owned());
        blocking(move || work(&store, &owner).map_err(|error| error.to_string())).await
    }
}

fn set_up_all(
    store: &Store,
    disks: Option<&dyn NodeDisks>,
    node: &NodeFacts,
    pod: &Value,
    inputs: &Inputs,
) -> Result<(), Vec<VolumeFailure>> {
    let owner = pod["metadata"].str("uid");
    let mut failures = Vec::new();
    let begun = store.begin(owner);
    for volume in used(pod) {
        let failed = |error: String| VolumeFailure::of(volume.str("name"), Stage::SetUp, error);
        let wanted = begun.as_ref().map_err(|error| failed(error.to_string())).and_then(|()| wanted(pod, volume, node, inputs));
        let done = wanted.and_then(|wanted| match wanted {
            Wanted::Store(volume) => store.set_up(owner, &volume).map_err(|error| failed(error.to_string())),
            Wanted::HostPath(path, kind) => host_path::check(&path, kind).map_err(|error| failed(error.to_string())),
            Wanted::Bound(bound) => attach(disks, node, &bound)
                .map_err(|error| VolumeFailure { shown: bound.name.clone(), ..failed(error.to_string()) })
                .and_then(|()| bind_claim(store, owner, &bound).map_err(|error| bound.failure(&error))),
            Wanted::Nothing => Ok(()),
        });
        failures.extend(done.err());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Brings a disk that this node has made to where the volume says; one whose growth waited has grown then.
fn attach(disks: Option<&dyn NodeDisks>, node: &NodeFacts, bound: &Bound) -> stead_disks::Result<()> {
    let path = &bound.outside.source;
    let found = disks.and_then(|disks| Some((disks, disks.list(&node.name).into_iter().find(|disk| disk.made.path == *path)?)));
    let Some((disks, disk)) = found else { return Ok(()) };
    if disks.attach(&disk.name)?.bytes != disk.made.bytes {
        disks.grown().notify_one();
    }
    Ok(())
}

fn bind_claim(store: &Store, owner: &str, bound: &Bound) -> stead_volumes::Result<()> {
    if let Some(kind) = bound.host_path {
        host_path::check(&bound.outside.source, kind)?;
    }
    store.bind_outside(owner, &bound.outside)
}

/// On a node without volumes: whether what they would be made of is there.
async fn missing<R: Runtime>(node: &Node<R>, pod: &Value, seen: Timestamp) -> Result<VolumesUp, Vec<VolumeFailure>> {
    if !node.runtime.misses_volumes() {
        return Ok(VolumesUp::default());
    }
    let mut inputs = Inputs { seen, ..Inputs::default() };
    let namespace = pod["metadata"].str("namespace");
    for (resource, name) in referenced(pod) {
        let object = node.optional(resource, namespace, &name).await;
        let object = object.map_err(|error| vec![VolumeFailure::of(&name, Stage::SetUp, error)])?;
        inputs.objects.insert((resource, name), object.map(Arc::new));
    }
    inputs.tokens = token_keys(pod).into_iter().map(|key| (key, Ok(String::new()))).collect();
    let failures = used(pod).into_iter().filter_map(|volume| wanted(pod, volume, &node.facts, &inputs).err());
    let failures: Vec<VolumeFailure> = failures.collect();
    if failures.is_empty() { Ok(VolumesUp::default()) } else { Err(failures) }
}

fn token_keys(pod: &Value) -> Vec<TokenKey> {
    let mut keys = Vec::new();
    for volume in used(pod).into_iter().filter(|volume| absent(volume).is_none()) {
        let Source::Files(files) = source(volume) else { continue };
        keys.extend(files.parts.iter().filter_map(|part| if let Part::Token(token) = part { Some(token.key()) } else { None }));
    }
    keys.sort();
    keys.dedup();
    keys
}

/// VOL-12.
async fn request_token(api: &Client, pod: &Value, (audience, expiration_s): &TokenKey, now: Timestamp) -> Result<Token, String> {
    let meta = &pod["metadata"];
    let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": meta.str("name"), "uid": meta.str("uid")});
    let audiences: Vec<&str> = Some(audience.as_str()).into_iter().filter(|audience| !audience.is_empty()).collect();
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"audiences": audiences, "expirationSeconds": expiration_s, "boundObjectRef": bound}});
    let account = pod["spec"].str("serviceAccountName").to_owned();
    let namespace = meta.str("namespace").to_owned();
    let call = Call::Create { resource: SERVICE_ACCOUNTS, namespace, subresource: (account, "token"), body };
    let answer = api.call(&call).await.map_err(|failure| failure.to_string())?;
    let (text, life_s) = (answer["status"].str("token"), answer["spec"].int("expirationSeconds").unwrap_or(*expiration_s));
    let expires = Timestamp::parse(answer["status"].str("expirationTimestamp")).filter(|_| !text.is_empty());
    let expires = expires.ok_or("the answer has no token")?;
    Ok(Token { text: text.to_owned(), renew_at: renewal(now, expires, life_s, meta.str("uid")), expires })
}

/// When four fifths of its life are over, or a day; a little earlier, by the pod, so that not all come at once.
fn renewal(now: Timestamp, expires: Timestamp, life_s: i64, uid: &str) -> Timestamp {
    let spread = uid.bytes().fold(0_i64, |sum, byte| (sum * 31 + i64::from(byte)) % (TOKEN_JITTER_S * 1000));
    let by_life = expires.0 - life_s / 5 * SECOND_US;
    Timestamp(by_life.min(now.0 + TOKEN_AGE_MAX_S * SECOND_US) - spread * 1000)
}

/// Runs work that may wait for a disk.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_in_time() {
        // VOL-12
        let at = Timestamp::from_seconds;
        let hour = renewal(at(0), at(3607), 3607, "u");
        assert!(hour <= at(3607 - 721) && hour > at(3607 - 721 - TOKEN_JITTER_S), "{hour:?}");
        let year = renewal(at(0), at(365 * 24 * 3600), 365 * 24 * 3600, "u");
        assert!(year <= at(TOKEN_AGE_MAX_S) && year > at(TOKEN_AGE_MAX_S - TOKEN_JITTER_S));
        assert_ne!(renewal(at(0), at(3607), 3607, "u"), renewal(at(0), at(3607), 3607, "another"));
    }
}
