//! A whole control plane under virtual time, from one seed: the real server core with its store on a simulated
//! disk, every controller and the scheduler, the node agent's own machines over simulated containers, a user, and faults. It owns
//! delivery and time; one thread, no runtime.
//!
//! Faults: watch lines delayed and repeated, watches cut with what was on its way (taken up again, or listed anew), calls
//! refused, lost before or after they took effect; containers that end, sandboxes that die, operations that are slow or fail, room for claims that others take; the
//! controllers, the server and the nodes' agents killed between any two effects; power cuts, also in the middle of a write, which end
//! all of them and every container; a disk that fails for a while; stalls, and a wall clock that jumps.
//! Checked at every step: [`truth::Truth`]. After the faults stop, the world must become what was asked for, and what is published of Services
//! exactly their pods: [`endpoints::unmet`], and Deployments are rolled out and quotas say what there is: [`deployments::unmet`]. A claim keeps its volume and a
//! volume is one claim's: [`claims::Claims`]; it shows what was written into it: [`contents::Contents`]. A Job counts each of its pods once, and ends:
//! [`ledger::Ledger`]. A CronJob makes one Job for each of its slots: [`cron_jobs::unmet`].

mod api;
mod chance;
mod claims;
mod containers;
mod contents;
mod crash;
mod cron_jobs;
mod deployments;
mod endpoints;
mod fault;
mod jobs;
mod ledger;
mod node;
mod nodes;
mod process;
mod provisioner;
mod script;
mod truth;
mod world;

pub(crate) use chance::Chance;
pub use fault::Fault;
pub use world::{RunReport, run, run_cron_jobs, run_deployments, run_jobs, run_with};
