//! Which volume suits a claim (PVB-4..8, PVB-10). Pure; input: claims and volumes as the caches have them. It looks at no node:
//! whoever binds for a pod on a node asks about that besides.

use crate::engine::Cache;
use crate::facts::volume::{BY_CLAIM, FREE, VolumePhase};
use crate::object::Object;
use std::fmt;
use std::sync::Arc;
use stead_api::Value;
use stead_api::selector::LabelSelector;

/// What is wrong with a volume that a claim asks for by name; upstream's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit<'a> {
    /// It is being deleted; its name.
    Deleting(&'a str),
    TooSmall,
    Class,
    AttributesClass,
    VolumeMode,
    AccessModes,
    /// Its labels are not what the claim's selector asks for.
    Selector,
}

impl fmt::Display for Misfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleting(name) => write!(f, "the volume is marked for deletion {name:?}"),
            Self::TooSmall => f.write_str("requested PV is too small"),
            Self::Class => f.write_str("storageClassName does not match"),
            Self::AttributesClass => f.write_str("VolumeAttributesClassName does not match"),
            Self::VolumeMode => f.write_str("incompatible volumeMode"),
            Self::AccessModes => f.write_str("incompatible accessMode"),
            Self::Selector => f.write_str("its labels are not what the selector asks for"),
        }
    }
}

/// Why a volume that the claim names cannot be its (PVB-10); its labels do not matter.
pub fn misfit<'a>(claim: &Object, volume: &'a Object) -> Option<Misfit<'a>> {
    let (asked, offered) = (claim.claim(), volume.volume());
    let offers = |mode: &String| offered.access_modes.contains(mode);
    [
        (volume.deleting.is_some(), Misfit::Deleting(&volume.key.name)),
        (offered.capacity < asked.request, Misfit::TooSmall),
        (offered.class != asked.class(), Misfit::Class),
        (offered.attributes_class != asked.attributes_class, Misfit::AttributesClass),
        (offered.is_block != asked.is_block, Misfit::VolumeMode),
        (!asked.access_modes.iter().all(offers), Misfit::AccessModes),
    ]
    .into_iter()
    .find_map(|(is_so, misfit)| is_so.then_some(misfit))
}

/// Why a volume that is nobody's does not suit a claim which names none (PVB-4).
pub fn misfit_of_free<'a>(claim: &Object, volume: &'a Object) -> Option<Misfit<'a>> {
    let selector = claim.spec().get("selector").filter(|selector| !selector.is_null());
    let selects = |selector: &Value| LabelSelector::from_object(Some(selector)).matches_labels(&volume.labels);
    misfit(claim, volume).or_else(|| (!selector.is_none_or(selects)).then_some(Misfit::Selector))
}

/// The volume that names this claim and can be its: bound to it, or reserved for its name. Its class is not compared (PVB-4).
pub fn reserved<'a>(claim: &Object, cache: &'a Cache) -> Option<&'a Arc<Object>> {
    let suits = |volume: &&Arc<Object>| {
        volume.volume().is_of(&claim.key, &claim.uid) && matches!(misfit(claim, volume), None | Some(Misfit::Class))
    };
    cache.indexed(&BY_CLAIM, &claim.key.to_string()).filter(suits).min_by_key(|volume| (is_of_its_name_alone(volume), order(volume)))
}

fn is_of_its_name_alone(volume: &Object) -> bool {
    volume.volume().claim.as_ref().is_some_and(|own| own.uid.is_empty())
}

/// The volumes that are nobody's and that a claim may have, in no order.
pub fn free<'a>(claim: &'a Object, cache: &'a Cache) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
    let suits = |volume: &&Arc<Object>| volume.volume().phase == VolumePhase::Available && misfit_of_free(claim, volume).is_none();
    cache.indexed(&FREE, claim.claim().class()).filter(suits)
}

/// Best first (PVB-5): the fewest access modes, then the smallest, then by name.
pub fn order(volume: &Object) -> (usize, i64, &str) {
    (volume.volume().access_modes.len(), volume.volume().capacity, &volume.key.name)
}
