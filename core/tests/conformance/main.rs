//! Runs the scenarios of `tests/conformance` through the handles, on every backend asked for.
//!
//! `SLIPSTREAM_BACKENDS=memory,file` chooses backends; arguments are those of any Rust test.

mod answer;
mod backend;
mod format;
mod step;
mod watching;
mod world;

use backend::Backend;
use format::Scenario;
use libtest_mimic::{Arguments, Trial};
use std::sync::Arc;
use std::time::Duration;
use world::World;

/// The most one scenario may take. Every wait inside it is bounded by itself and far shorter.
const SCENARIO_LIMIT: Duration = Duration::from_secs(120);

fn main() {
    let scenarios = format::load_scenarios();
    let mut trials = Vec::new();
    for backend in backend::load().into_iter().map(Arc::new) {
        for scenario in scenarios.iter().filter(|scenario| backend.can_tell(scenario)) {
            let (backend, scenario) = (backend.clone(), scenario.clone());
            let name = format!("{} {}: {}", backend.name, scenario.rule, scenario.name);
            trials.push(Trial::test(name, move || Ok(run(&backend, &scenario)?)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
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
