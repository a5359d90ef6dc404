//! What all requests share: the cluster, and what judges, describes and forwards requests.

use crate::admission::Admission;
use crate::authz;
use crate::cluster::Cluster;
use crate::debug::DebugPages;
use crate::fairness::Fairness;
use crate::gateway::Gateway;
use crate::kubernetes_service::Reached;
use crate::lines::Lines;
use crate::lint;
use crate::metrics::Metrics;
use crate::openapi::Documents;
use crate::site;
use crate::tokens::Tokens;
use std::ops::Deref;

#[derive(Debug)]
pub(crate) struct Core {
    pub cluster: Cluster,
    pub admission: Admission,
    /// Who may do what.
    pub authorization: authz::Index,
    /// What pods have to do with, for their nodes.
    pub references: authz::node::References,
    /// Whose requests are served when there are many.
    pub fairness: Fairness,
    pub gateway: Gateway,
    pub debug: DebugPages,
    pub site: site::Registered,
    pub documents: Documents,
    pub lines: Lines,
    pub lint: lint::Setting,
    pub metrics: Metrics,
    /// `https://HOST:PORT` as clients know it.
    pub advertise: String,
    pub reached: Reached,
    pub tokens: Tokens,
}

impl Deref for Core {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}
