//! A position in a store's history, to resume a watch from.

use super::{KvError, VersionToken};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A place in a store's history to resume a watch from: a version and, where the backend knows
/// them, the incarnation of the store and a time (contract rule V4).
///
/// The incarnation tells a store from another one made under the same name, so that a cursor of a
/// store that was deleted and recreated is `CursorExpired` and never a silent gap (S5). The time is
/// one at which nothing after the position had happened yet.
///
/// ```
/// use slipstream::WatchCursor;
/// let cursor = WatchCursor::from_u64(12);
/// assert_eq!(WatchCursor::from_bytes(&cursor.to_bytes()), Some(cursor));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchCursor {
    version: VersionToken,
    origin: Option<Origin>,
}

/// What an envelope says beside the version; 0 is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Origin {
    incarnation: u64,
    /// In milliseconds since 1970.
    time: u64,
}

/// The format of envelopes that this version writes and reads (`docs/formats.md`).
const FORMAT: u8 = 1;
/// The format, the length of the version, the incarnation and the time.
const HEADER: usize = 18;

impl WatchCursor {
    /// No position: a watch from here delivers the whole state first.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether this is no position at all.
    pub fn is_none(&self) -> bool {
        self.version.is_unknown()
    }

    /// The position right after the entry of this version, in whatever store it is used on. It
    /// resumes watches of the traits; the handles refuse it, since it names no store (V6).
    pub fn from_version(version: VersionToken) -> Self {
        Self { version, origin: None }
    }

    /// The position right after a numbered revision, as [`from_version`](Self::from_version) makes
    /// it.
    pub fn from_u64(revision: u64) -> Self {
        Self::from_version(VersionToken::from_u64(revision))
    }

    /// Whether this is a bare version: a position that names no store (V6).
    pub fn is_bare(&self) -> bool {
        self.origin.is_none()
    }

    /// The same position as an envelope, which the handles write also for stores that know no
    /// incarnation (V4). For backends and for tests of them.
    pub fn enveloped(mut self) -> Self {
        self.origin.get_or_insert_default();
        self
    }

    /// The same position, bound to one incarnation of the store. For backends.
    pub fn with_incarnation(mut self, incarnation: u64) -> Self {
        self.origin.get_or_insert_default().incarnation = incarnation;
        self
    }

    /// The same position with a time at which nothing after it had happened yet, in milliseconds
    /// since 1970 by the clock of the store. For backends.
    pub fn with_time(mut self, millis: u64) -> Self {
        self.origin.get_or_insert_default().time = millis;
        self
    }

    /// The incarnation this cursor is bound to, if it carries one.
    pub fn incarnation(&self) -> Option<u64> {
        self.origin.map(|origin| origin.incarnation).filter(|&incarnation| incarnation != 0)
    }

    /// A time at which nothing after this position had happened yet, by the clock of the store, if
    /// the cursor carries one.
    pub fn time(&self) -> Option<SystemTime> {
        let time = Some(self.millis()).filter(|&millis| millis != 0);
        UNIX_EPOCH.checked_add(Duration::from_millis(time?))
    }

    /// The revision, if the position is a numbered one.
    pub fn as_u64(&self) -> Option<u64> {
        self.version.as_u64()
    }

    /// Refuses a position of a foreign shape in a store that numbers its versions: it is never a
    /// silent full watch (S5).
    pub(crate) fn check_numbered(&self) -> Result<(), KvError> {
        if self.is_none() || self.as_u64().is_some() {
            return Ok(());
        }
        Err(KvError::InvalidArgument(format!(
            "cursor of a version of {} bytes: stores here number versions in 8",
            self.version.as_bytes().len()
        )))
    }

    /// Refuses a bare version, which would skip changes in silence in a store that was made anew
    /// or in another one (V6).
    pub(crate) fn check_enveloped(&self) -> Result<(), KvError> {
        if self.is_none() || !self.is_bare() {
            return Ok(());
        }
        Err(KvError::InvalidArgument(
            "cursor: this is a version, which names no store; resume with a cursor that a watch \
             or an update handed out"
                .into(),
        ))
    }

    /// The position of another version of the same store, with the time of `earlier`.
    pub(super) fn moved_to(&self, version: VersionToken, earlier: &Self) -> Self {
        let moved = Self { version, origin: self.origin };
        moved.with_time(earlier.millis())
    }

    /// This position as an envelope, with the time of `earlier` where it has none of its own.
    pub(super) fn after(self, earlier: &Self) -> Self {
        let time = if self.millis() == 0 { earlier.millis() } else { self.millis() };
        self.with_time(time)
    }

    /// The time that the cursor carries, in milliseconds since 1970; 0 if it carries none.
    pub(crate) fn millis(&self) -> u64 {
        self.origin.map_or(0, |origin| origin.time)
    }

    /// The version this position is right after.
    pub fn version(&self) -> &VersionToken {
        &self.version
    }

    /// The cursor as bytes to keep: a bare version of up to 10 bytes, or an envelope that is
    /// longer and starts with its format number.
    pub fn to_bytes(&self) -> Vec<u8> {
        let version = self.version.as_bytes();
        match self.origin {
            Some(Origin { incarnation, time }) if !version.is_empty() => {
                let mut bytes = Vec::with_capacity(HEADER + version.len());
                bytes.extend([FORMAT, version.len() as u8]);
                bytes.extend(incarnation.to_be_bytes());
                bytes.extend(time.to_be_bytes());
                bytes.extend(version);
                bytes
            }
            _ => version.to_vec(),
        }
    }

    /// The cursor of these bytes; `None` for an envelope of a format that this version does not
    /// know (V4).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Some(version) = VersionToken::from_bytes(bytes) {
            return Some(Self::from_version(version));
        }
        let (header, version) = bytes.split_first_chunk::<HEADER>()?;
        let (&[format, len], numbers) = header.split_first_chunk::<2>()?;
        if format != FORMAT || len == 0 || usize::from(len) != version.len() {
            return None;
        }
        let (incarnation, time) = numbers.split_first_chunk::<8>()?;
        let origin = Origin {
            incarnation: u64::from_be_bytes(*incarnation),
            time: u64::from_be_bytes(time.try_into().ok()?),
        };
        Some(Self { version: VersionToken::from_bytes(version)?, origin: Some(origin) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn v4_round_trips(version in proptest::collection::vec(any::<u8>(), 1..=10),
                          origin: Option<(u64, u64)>) {
            let mut cursor = WatchCursor::from_version(VersionToken::from_bytes(&version).unwrap());
            if let Some((incarnation, time)) = origin {
                cursor = cursor.with_incarnation(incarnation).with_time(time);
            }
            let bytes = cursor.to_bytes();
            prop_assert_eq!(origin.is_some(), bytes.len() > VersionToken::MAX_LEN);
            prop_assert_eq!(WatchCursor::from_bytes(&bytes), Some(cursor));
        }

        #[test]
        fn v4_any_bytes_are_a_cursor_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(cursor) = WatchCursor::from_bytes(&bytes) {
                prop_assert_eq!(cursor.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn v4_unknown_envelopes_are_refused() {
        let mut bytes = WatchCursor::from_u64(5).with_incarnation(9).to_bytes();
        bytes[0] = 2;
        assert_eq!(WatchCursor::from_bytes(&bytes), None);
        assert!(WatchCursor::none().is_none());
        assert!(WatchCursor::from_bytes(&[]).is_some_and(|c| c.is_none()));
    }

    #[test]
    fn u1_the_envelope_is_as_docs_formats_says() {
        let bytes =
            [1, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 1, 0x9a, 0xc0, 0xde, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
        let cursor = WatchCursor::from_bytes(&bytes).unwrap();
        assert_eq!((cursor.as_u64(), cursor.incarnation()), (Some(5), Some(9)));
        let time = UNIX_EPOCH + Duration::from_millis(0x019a_c0de_0000);
        assert_eq!(cursor.time(), Some(time));
        assert_eq!(cursor.to_bytes(), bytes);
    }

    #[test]
    fn v6_a_bare_version_names_no_store() {
        let bare = WatchCursor::from_u64(5);
        assert_eq!(bare.check_enveloped().unwrap_err().code(), "InvalidArgument");
        assert_eq!(bare.enveloped().check_enveloped(), Ok(()));
        assert_eq!(WatchCursor::none().check_enveloped(), Ok(()));
    }
}
