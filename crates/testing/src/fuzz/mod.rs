//! Fuzzing on stable Rust, without instrumentation: what real clients sent (the golden cases) is changed at random, and nothing that takes
//! it may panic, hang, or lose what it understood. A run is told by its target and seed, and the same ones give the same inputs.

mod decoders;
mod mutation;
mod requests;

use crate::golden::{case, folder};
use crate::simulation::Chance;
use anyhow::{Result, ensure};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    Inputs(u64),
    Passed(Duration),
}

/// What is fuzzed.
pub struct Target {
    pub name: &'static str,
    run: Run,
}

enum Run {
    /// Takes one changed input; an error in words if it lost something.
    Input(fn(&mut Chance, &decoders::Seeds) -> Result<(), String>),
    /// A server takes changed requests.
    Server,
}

/// Every target, by what it takes.
pub const TARGETS: &[Target] = &[
    Target { name: "json", run: Run::Input(decoders::json) },
    Target { name: "yaml", run: Run::Input(decoders::yaml) },
    Target { name: "protobuf", run: Run::Input(decoders::protobuf) },
    Target { name: "patches", run: Run::Input(decoders::patches) },
    Target { name: "selectors", run: Run::Input(decoders::selectors) },
    Target { name: "quantities", run: Run::Input(decoders::quantities) },
    Target { name: "streams", run: Run::Input(decoders::streams) },
    Target { name: "requests", run: Run::Server },
];

/// Fuzzes one target; how many inputs it took. An error says what it could not take, and the seed.
pub fn run(target: &Target, seed: u64, until: Until) -> Result<u64> {
    let cases = case::load(&folder().join("cases"))?;
    let mut clock = Clock { until, began: Instant::now(), inputs: 0 };
    match target.run {
        Run::Server => requests::run(&cases, seed, &mut clock)?,
        Run::Input(take) => {
            let seeds = decoders::Seeds::of(&cases);
            while clock.goes_on() {
                // Each input has a seed of its own, so that one alone can be tried again.
                let own = seed.wrapping_add(clock.inputs);
                let taken = catch_unwind(AssertUnwindSafe(|| take(&mut Chance::new(own), &seeds)));
                let taken = taken.unwrap_or_else(|_| Err("it panicked".to_owned()));
                ensure!(taken.is_ok(), "{}, seed {own}: {}", target.name, taken.err().unwrap_or_default());
            }
        }
    }
    Ok(clock.inputs)
}

/// Counts inputs until it is enough.
struct Clock {
    until: Until,
    began: Instant,
    inputs: u64,
}

impl Clock {
    fn goes_on(&mut self) -> bool {
        self.inputs += 1;
        match self.until {
            Until::Inputs(inputs) => self.inputs <= inputs,
            Until::Passed(time) => self.began.elapsed() < time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as take a moment; `cargo xtask fuzz` goes on for longer, from other seeds.
    const INPUTS: u64 = 1500;

    fn fuzzed(name: &str) {
        let target = TARGETS.iter().find(|target| target.name == name).unwrap();
        run(target, 1, Until::Inputs(INPUTS)).unwrap();
    }

    #[test]
    fn changed_bodies_are_taken_or_refused() {
        ["json", "yaml", "protobuf"].into_iter().for_each(fuzzed);
    }

    #[test]
    fn changed_patches_are_taken_or_refused() {
        fuzzed("patches");
    }

    #[test]
    fn changed_texts_and_frames_are_taken_or_refused() {
        ["selectors", "quantities", "streams"].into_iter().for_each(fuzzed);
    }

    #[test]
    fn changed_requests_are_answered() {
        fuzzed("requests");
    }
}
