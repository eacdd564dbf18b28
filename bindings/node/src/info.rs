//! What a store is, as JavaScript is given it.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

/// What a store is.
#[napi(object, object_from_js = false)]
#[allow(missing_docs)]
pub struct StoreInfo {
    pub keys: f64,
    pub marks: f64,
    pub bytes: f64,
    pub version: Buffer,
    pub incarnation: Option<Buffer>,
    pub limits: StoreLimits,
}

/// The limits of a store; what has none is absent, and `max_age` is in milliseconds.
#[napi(object, object_from_js = false)]
#[allow(missing_docs)]
pub struct StoreLimits {
    pub storage: String,
    pub max_history: u32,
    pub max_age: Option<f64>,
    pub max_bytes: Option<f64>,
    pub num_replicas: u32,
    pub discard: String,
    pub ttl: bool,
}

impl From<&slipstream::StoreInfo> for StoreInfo {
    fn from(info: &slipstream::StoreInfo) -> Self {
        Self {
            keys: info.keys as f64,
            marks: info.marks as f64,
            bytes: info.bytes as f64,
            version: Buffer::from(info.version.as_bytes()),
            incarnation: info.incarnation.map(|it| Buffer::from(&it.to_be_bytes()[..])),
            limits: StoreLimits::from(&info.limits),
        }
    }
}

impl From<&slipstream::StoreLimits> for StoreLimits {
    fn from(limits: &slipstream::StoreLimits) -> Self {
        Self {
            storage: limits.storage.word().to_owned(),
            max_history: limits.max_history,
            max_age: limits.max_age.map(|age| age.as_secs_f64() * 1000.0),
            max_bytes: limits.max_bytes.map(|bytes| bytes as f64),
            num_replicas: limits.num_replicas as u32,
            discard: limits.discard.word().to_owned(),
            ttl: limits.ttl,
        }
    }
}
