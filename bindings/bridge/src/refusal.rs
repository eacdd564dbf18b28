//! Refused arguments: failures that say what was asked of which store and key.

use slipstream::handle::Failure;
use slipstream::kv::KvError;

/// Makes the failure of an argument of `operation` on the key of a store.
pub fn refused(store: &str, key: &str, operation: &'static str) -> impl FnOnce(KvError) -> Failure {
    move |error| Failure::new(error, operation).in_store(store).of_key(key)
}

/// Makes the failure of an option of the store of this name.
pub fn refused_option(store: &str) -> impl FnOnce(KvError) -> Failure {
    move |error| Failure::new(error, "store").in_store(store)
}
