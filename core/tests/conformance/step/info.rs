//! What a store says of itself.

use super::same;
use crate::answer::Trouble;
use crate::format::{ExpectedLimits, Info};
use crate::world::World;
use slipstream::StoreLimits;
use std::fmt::Debug;
use std::time::Duration;

impl World {
    pub async fn info(&self, step: &Info) -> Result<(), String> {
        let told = self.store(&step.store)?.info().await;
        let Some(info) = self.expect(told.map_err(Trouble::from), step.error.as_ref())? else {
            return Ok(());
        };
        let expected = &step.expect;
        said("keys", info.keys, expected.keys)?;
        said("marks", info.marks, expected.marks)?;
        said("bytes", info.bytes, expected.bytes)?;
        if let Some(version) = &expected.version {
            same("version", info.version.as_bytes(), &self.names.token(version)?)?;
        }
        expected.limits.as_ref().map_or(Ok(()), |limits| check_limits(&info.limits, limits))
    }
}

fn check_limits(limits: &StoreLimits, expected: &ExpectedLimits) -> Result<(), String> {
    said("storage", limits.storage.word(), expected.storage.as_deref())?;
    said("max_history", limits.max_history, expected.max_history)?;
    let age = expected.max_age.map(|age| age.map(Duration::from_secs_f64));
    said("max_age", limits.max_age, age)?;
    said("max_bytes", limits.max_bytes, expected.max_bytes)?;
    said("num_replicas", limits.num_replicas, expected.num_replicas)?;
    said("discard", limits.discard.word(), expected.discard.as_deref())?;
    said("ttl", limits.ttl, expected.ttl)
}

fn said<T: PartialEq + Debug>(what: &str, is: T, expected: Option<T>) -> Result<(), String> {
    expected.map_or(Ok(()), |expected| same(what, is, expected))
}
