//! Arguments of another language, checked and converted to those of the core.

use slipstream::kv::{KvError, VersionToken, WatchCursor};
use slipstream::{IfMissing, StoreConfig};
use std::time::Duration;

/// The token of bytes that came from another language (rules V1, V3).
pub fn token(bytes: &[u8]) -> Result<VersionToken, KvError> {
    VersionToken::from_bytes(bytes).ok_or_else(|| {
        let rule = format!("at most {} bytes are a version", VersionToken::MAX_LEN);
        KvError::InvalidArgument(format!("version of {} bytes: {rule}", bytes.len()))
    })
}

/// The cursor of bytes that came from another language (rule V4).
pub fn cursor(bytes: &[u8]) -> Result<WatchCursor, KvError> {
    WatchCursor::from_bytes(bytes).ok_or_else(|| {
        let shown = &bytes[..bytes.len().min(24)];
        KvError::InvalidArgument(format!(
            "cursor {shown:02x?} ({} bytes) is not one this version knows",
            bytes.len()
        ))
    })
}

/// A time in seconds, of the option `field`.
pub fn seconds(field: &str, seconds: f64) -> Result<Duration, KvError> {
    time(field, seconds, "s", seconds)
}

/// A time in milliseconds, of the option `field`.
pub fn millis(field: &str, millis: f64) -> Result<Duration, KvError> {
    time(field, millis, "ms", millis / 1000.0)
}

/// A time above zero. What is shorter than a nanosecond is rounded up; whether it is too long for
/// what it is given to is for the core to say, unless no duration holds it.
fn time(field: &str, given: f64, unit: &str, seconds: f64) -> Result<Duration, KvError> {
    let refuse = |rule| Err(KvError::InvalidArgument(format!("{field} {given} {unit} is {rule}")));
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if seconds > 0.0 => Ok(time.max(Duration::from_nanos(1))),
        Err(_) if seconds > 0.0 => refuse("too long a time"),
        _ => refuse("not a time above 0"),
    }
}

/// A whole number of a language whose numbers are floating point, in the range of `T`.
pub fn whole<T: TryFrom<i64>>(field: &str, number: f64) -> Result<T, KvError> {
    // Above 2^53 neighbouring numbers are the same, so it is not known which one was meant.
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    exact.then(|| T::try_from(number as i64).ok()).flatten().ok_or_else(|| {
        KvError::InvalidArgument(format!("{field} {number} is not a whole number in its range"))
    })
}

/// A store's configuration from the words another language uses for it.
#[allow(clippy::too_many_arguments)]
pub fn store_config(
    name: &str,
    storage: Option<&str>,
    max_history: Option<u32>,
    max_age: Option<Duration>,
    max_bytes: Option<i64>,
    num_replicas: Option<usize>,
    discard: Option<&str>,
    create: Option<bool>,
) -> Result<StoreConfig, KvError> {
    Ok(StoreConfig {
        name: name.to_owned(),
        storage: storage.map(str::parse).transpose()?.unwrap_or_default(),
        max_history,
        max_age,
        max_bytes,
        num_replicas,
        discard: discard.map(str::parse).transpose()?.unwrap_or_default(),
        if_missing: match create {
            Some(false) => IfMissing::Refuse,
            Some(true) | None => IfMissing::Create,
        },
    })
}

/// The NATS options of a language's record that has a field of each of them.
#[macro_export]
macro_rules! nats_options {
    ($given:expr) => {{
        let given = $given;
        slipstream::NatsOptions {
            creds: given.creds,
            creds_file: given.creds_file.map(Into::into),
            nkey: given.nkey,
            token: given.token,
            user: given.user,
            password: given.password,
            tls_ca: given.tls_ca.map(Into::into),
            tls_cert: given.tls_cert.map(Into::into),
            tls_key: given.tls_key.map(Into::into),
            tls_first: Option::from(given.tls_first).unwrap_or_default(),
            stale_reads: Option::from(given.stale_reads).unwrap_or_default(),
            client_name: given.client_name,
        }
    }};
}
