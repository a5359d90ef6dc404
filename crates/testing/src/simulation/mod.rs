//! A whole control plane under virtual time, from one seed: the real server core with its store in memory, every
//! controller and the scheduler, simulated kubelets, a user, and faults. It owns delivery and time; one thread, no runtime.
//!
//! Faults: watch lines delayed and repeated, watches cut with what was on its way (taken up again, or listed anew), calls
//! refused, lost before or after they took effect, the controller process killed between any two effects.
//! Checked at every step: [`truth::Truth`]. After the faults stop, the world must become what was asked for.

mod api;
mod chance;
mod kubelet;
mod process;
mod script;
mod truth;
mod world;

pub use world::{Verdict, run};
