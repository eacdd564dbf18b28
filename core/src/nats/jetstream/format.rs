//! The format of a bucket, in the metadata of its stream (contract rules U1, U2).

use crate::kv::{Format, KvError};
use std::collections::BTreeMap;

/// The format of buckets that this version makes, and the newest that it reads (`docs/formats.md`).
const FORMAT: u16 = 1;
/// The name of the format in the metadata.
const NUMBER: &str = "slipstream-format";
/// The name of the oldest format that whoever uses the bucket must know.
const MINIMUM: &str = "slipstream-minimum";

/// The metadata of a new bucket.
pub(super) fn metadata() -> BTreeMap<String, String> {
    let Format { number, minimum } = Format::new(FORMAT);
    [(NUMBER, number), (MINIMUM, minimum)].map(|(name, it)| (name.into(), it.to_string())).into()
}

/// Refuses a bucket that this version must not open. One that another client made says nothing of
/// its format, and has the oldest.
pub(super) fn check(bucket: &str, metadata: &BTreeMap<String, String>) -> Result<(), KvError> {
    let stated = |name: &str| match metadata.get(name) {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| {
            KvError::DeserializationError(format!(
                "the metadata {name} of the bucket {bucket:?} is {text:?}, which is no format"
            ))
        }),
    };
    let format = Format { number: stated(NUMBER)?, minimum: stated(MINIMUM)? };
    format.check(FORMAT, format_args!("the bucket {bucket:?}"))
}
