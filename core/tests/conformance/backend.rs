//! The backends that scenarios run on, from `tests/conformance/backends.json`.

use crate::format::{self, Scenario};
use serde::Deserialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// One backend: how a scenario gets a fresh one, and what it has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    pub name: String,
    /// `{name}` is unique for each scenario, `{dir}` a directory of its own, `{server}` a server
    /// of its own.
    url: String,
    has: Vec<String>,
}

impl Backend {
    /// Whether this backend has all that the scenario needs.
    pub fn can_tell(&self, scenario: &Scenario) -> bool {
        scenario.needs.iter().all(|need| self.has(need))
    }

    pub fn has(&self, need: &str) -> bool {
        self.has.iter().any(|has| has == need)
    }

    /// A URL that no other scenario uses, once `World::resolve` has filled it in.
    pub fn fresh_url(&self) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        self.url.replace("{name}", &format!("scenario-{count}"))
    }
}

/// A backend by somebody else, which only a Rust program can have.
fn third_party() -> Backend {
    let has = ["cas", "exact_delete", "persistent"].map(String::from).to_vec();
    Backend { name: "journal".into(), url: "journal:{name}".into(), has }
}

/// The backends named in `SLIPSTREAM_BACKENDS`, or all.
pub fn load() -> Vec<Backend> {
    let mut known: Vec<Backend> = format::read(&format::directory().join("backends.json"));
    known.push(third_party());
    let Ok(chosen) = std::env::var("SLIPSTREAM_BACKENDS") else { return known };
    let find = |name: &str| {
        let backend = known.iter().find(|backend| backend.name == name);
        backend.unwrap_or_else(|| panic!("backends.json has no backend {name:?}")).clone()
    };
    chosen.split(',').map(find).collect()
}
