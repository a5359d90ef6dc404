//! Where ExternalName Services lead (DNSG-21, DNSG-22): inside the zone to the end, outside it to the name that somebody else knows. Pure.

use super::find::{Found, find};
use super::{Alias, Asked};
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// Aliases one after another; more lead nowhere.
const ALIASES_MAX: usize = 8;

impl Asked<'_> {
    /// Follows the alias from the asked name to `target`; `None`: it leads nowhere.
    pub(super) fn follow(&self, target: &Name) -> Option<Alias> {
        let mut records = vec![self.alias(self.name, target)];
        let mut at = target.clone();
        if self.kind == RecordType::CNAME {
            return Some(Alias { records, target: None });
        }
        while let Some(below) = self.zone.below(&at) {
            let seen = records.iter().filter(|record| record.name.to_lowercase() == at).count();
            if records.len() > ALIASES_MAX || seen > 0 {
                return None;
            }
            let next = match find(self.index, &below.to_vec()) {
                Found::External(target) => target.clone(),
                found => {
                    let addresses = self.addresses(&at, &found.addresses());
                    return (!addresses.is_empty()).then(|| {
                        records.extend(addresses);
                        Alias { records, target: None }
                    });
                }
            };
            records.push(self.alias(&at, &next));
            at = next;
        }
        Some(Alias { records, target: Some(at) })
    }

    fn alias(&self, name: &Name, target: &Name) -> Record {
        Record::from_rdata(name.clone(), self.zone.ttl_s, RData::CNAME(CNAME(target.clone())))
    }
}
