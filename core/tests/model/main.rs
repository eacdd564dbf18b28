//! Random schedules of operations and watches against a plain model: every answer of the embedded
//! store, in memory and in a file, is what the model says.

mod reference;
mod run;
mod schedule;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use run::{Place, run};

/// The same schedules on every run, so that a failure is one to look at again.
fn schedules(cases: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(0x5115_57ea);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(schedules(400))]

    #[test]
    fn memory_does_what_the_model_says(schedule in schedule::any()) {
        run(&schedule, Place::Memory)?;
    }
}

proptest! {
    #![proptest_config(schedules(60))]

    #[test]
    fn a_file_does_what_the_model_says(schedule in schedule::any()) {
        run(&schedule, Place::File)?;
    }
}
