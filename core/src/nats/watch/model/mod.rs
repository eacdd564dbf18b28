//! A model of a bucket, its server and the way to a watch, against which the machine of the watch is
//! run in virtual time.
//!
//! The machine and the reception of its consumer are fed, and nothing else: no server, no task, no
//! clock. `PROPTEST_CASES=100000` runs so many schedules instead of a few thousand.

mod bucket;
mod drive;
mod reader;
mod rest;
mod retries;
mod server;
mod step;
mod verdict;
mod world;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use step::{Schedule, any_schedule};
use world::World;

/// The same schedules on every run, so that a failure is one to look at again.
fn schedules() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    let rng_seed = RngSeed::Fixed(0x5115_57ea);
    let cases = cases.unwrap_or(3_000);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(schedules())]

    #[test]
    fn s11_the_machine_of_a_watch_keeps_its_rules_whatever_happens(schedule in any_schedule()) {
        run(&schedule).map_err(TestCaseError::fail)?;
    }
}

/// Runs a schedule, and then, with nothing wrong any more, on to the end of the watch or to the last
/// message of the bucket.
fn run(schedule: &Schedule) -> Result<(), String> {
    let mut world = World::new(schedule);
    for step in &schedule.steps {
        world.step(*step)?;
    }
    world.heal();
    world.comes_to_rest()?;
    world.comes_to_an_end()
}
