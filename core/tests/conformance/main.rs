//! Runs the scenarios of `tests/conformance` through the handles, on every backend asked for.
//!
//! `SLIPSTREAM_BACKENDS=memory,nats` chooses backends; arguments are those of any Rust test.

mod answer;
mod backend;
mod format;
#[path = "../third_party/journal.rs"]
mod journal;
mod place;
mod step;
mod watching;
mod world;

use backend::Backend;
use format::Scenario;
use journal::JournalBackend;
use libtest_mimic::{Arguments, Trial};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use world::World;

/// The rules of the contract.
const RULES: &str = "K1 K2 K3 V1 V2 V3 V4 V5 R1 R2 R3 R4 R5 W1 W2 W3 W4 W5 W6 W7 \
    S1 S2 S3 S4 S5 S5b S6 S7 S8 S9 L1 L2 L3 L4 L5 E";

/// The edge cases of the field notes.
const EDGE_CASES: RangeInclusive<u32> = 1..=30;

/// The most one scenario may take. Every wait inside it is bounded by itself and far shorter.
const SCENARIO_LIMIT: Duration = Duration::from_secs(120);

fn main() {
    slipstream::register_backend(JournalBackend::default()).expect("a scheme of its own");
    let scenarios = format::load_scenarios();
    let everything = scenarios.clone();
    let mut trials = vec![Trial::test("every rule and edge case is told", move || {
        Ok(check_coverage(&everything)?)
    })];
    for backend in backend::load().into_iter().map(Arc::new) {
        for scenario in scenarios.iter().filter(|scenario| backend.can_tell(scenario)) {
            let (backend, scenario) = (backend.clone(), scenario.clone());
            let name = format!("{} {}: {}", backend.name, scenario.rule, scenario.name);
            trials.push(Trial::test(name, move || Ok(run(&backend, &scenario)?)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn check_coverage(scenarios: &[Scenario]) -> Result<(), String> {
    for rule in RULES.split_whitespace() {
        if !scenarios.iter().any(|scenario| scenario.rule == rule) {
            return Err(format!("no scenario tells rule {rule}"));
        }
    }
    for edge in EDGE_CASES {
        if !scenarios.iter().any(|scenario| scenario.edge.contains(&edge)) {
            return Err(format!("no scenario tells edge case {edge}"));
        }
    }
    let mut names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two scenarios are named {:?}", pair[0])),
        None => Ok(()),
    }
}

fn run(backend: &Backend, scenario: &Scenario) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(async {
        let told = async {
            let mut world = World::open(backend, scenario).await?;
            world.run(&scenario.steps).await
        };
        let late = || Err(format!("not finished after {SCENARIO_LIMIT:?}"));
        tokio::time::timeout(SCENARIO_LIMIT, told).await.unwrap_or_else(|_| late())
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    outcome
}
