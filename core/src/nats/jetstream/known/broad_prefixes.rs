//! The prefixes that have more keys than the server reads in one request.

use crate::lock::Mutex;
use std::collections::HashSet;

/// Parents of prefixes that have more keys than the server reads in one request. To be told so
/// costs it as much as a part of the scan, so it is remembered, as a hint.
#[derive(Default)]
pub(in crate::nats) struct BroadPrefixes(Mutex<HashSet<String>>);

/// Parents that are remembered; one more and all are forgotten.
const MOST: usize = 256;

impl BroadPrefixes {
    pub(in crate::nats) fn has(&self, parent: &str) -> bool {
        self.0.lock().contains(parent)
    }

    pub(in crate::nats) fn add(&self, parent: &str) {
        let mut parents = self.0.lock();
        if parents.len() == MOST {
            parents.clear();
        }
        parents.insert(parent.to_owned());
    }

    pub(in crate::nats) fn remove(&self, parent: &str) {
        self.0.lock().remove(parent);
    }
}
