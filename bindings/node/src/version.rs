//! The version of the addon.

use napi_derive::napi;

/// The version of the addon, which the package compares with its own.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
