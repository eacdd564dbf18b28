//! The bound of every duration that a caller gives.

use super::KvError;
use std::time::Duration;

/// The longest duration that any call or option takes, 36,500 days (100 years). A time that far
/// from now still fits where stores and servers keep it: NATS counts nanoseconds since 1970 in 64
/// bits, which end in 2262.
pub const MAX_DURATION: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

/// Refuses a duration that is none or longer than [`MAX_DURATION`], naming the argument.
pub(crate) fn check_duration(name: &str, duration: Duration) -> Result<(), KvError> {
    if duration.is_zero() {
        return Err(KvError::InvalidArgument(format!(
            "{name} 0 is not a time above 0; leave it out where none is meant"
        )));
    }
    if duration > MAX_DURATION {
        let days = MAX_DURATION.as_secs() / (24 * 60 * 60);
        return Err(KvError::InvalidArgument(format!(
            "{name} {duration:?} is longer than {days} days, the longest time there is"
        )));
    }
    Ok(())
}
