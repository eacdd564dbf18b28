use super::{KvError, VersionToken};

/// A place in a store's history to resume a watch from: a version and, where the backend knows
/// it, the incarnation of the store (contract rule V4).
///
/// The incarnation tells a store from another one made under the same name, so that a cursor of a
/// store that was deleted and recreated is `CursorExpired` and never a silent gap (S5).
///
/// ```
/// use slipstream::WatchCursor;
/// let cursor = WatchCursor::from_u64(12);
/// assert_eq!(WatchCursor::from_bytes(&cursor.to_bytes()), Some(cursor));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchCursor {
    version: VersionToken,
    incarnation: Option<u64>,
}

/// First byte of a cursor that carries more than a version.
const ENVELOPE_V1: u8 = 1;
const ENVELOPE_HEADER: usize = 10;

impl WatchCursor {
    /// No position: a watch from here delivers the whole state first.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether this is no position at all.
    pub fn is_none(&self) -> bool {
        self.version.is_unknown()
    }

    /// The position right after the entry of this version, in whatever store it is used on.
    pub fn from_version(version: VersionToken) -> Self {
        Self { version, incarnation: None }
    }

    /// The position right after a numbered revision.
    pub fn from_u64(revision: u64) -> Self {
        Self::from_version(VersionToken::from_u64(revision))
    }

    /// The same position, bound to one incarnation of the store. For backends.
    pub fn with_incarnation(mut self, incarnation: u64) -> Self {
        self.incarnation = Some(incarnation);
        self
    }

    /// The incarnation this cursor is bound to, if it carries one.
    pub fn incarnation(&self) -> Option<u64> {
        self.incarnation
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

    /// The version this position is right after.
    pub fn version(&self) -> &VersionToken {
        &self.version
    }

    /// The cursor as bytes to keep: a bare version of up to 10 bytes, or an envelope that is
    /// longer and starts with its format number.
    pub fn to_bytes(&self) -> Vec<u8> {
        let version = self.version.as_bytes();
        match self.incarnation {
            Some(incarnation) if !version.is_empty() => {
                let mut bytes = Vec::with_capacity(ENVELOPE_HEADER + version.len());
                bytes.extend([ENVELOPE_V1, version.len() as u8]);
                bytes.extend(incarnation.to_be_bytes());
                bytes.extend(version);
                bytes
            }
            _ => version.to_vec(),
        }
    }

    /// The cursor of these bytes; `None` for an envelope this version does not know (V4).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if let Some(version) = VersionToken::from_bytes(bytes) {
            return Some(Self::from_version(version));
        }
        let (header, version) = bytes.split_at_checked(ENVELOPE_HEADER)?;
        let (&[format, len], incarnation) = header.split_first_chunk::<2>()?;
        if format != ENVELOPE_V1 || usize::from(len) != version.len() {
            return None;
        }
        let incarnation = u64::from_be_bytes(incarnation.try_into().ok()?);
        Some(Self { version: VersionToken::from_bytes(version)?, incarnation: Some(incarnation) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn v4_round_trips(version in proptest::collection::vec(any::<u8>(), 1..=10),
                          incarnation: Option<u64>) {
            let mut cursor = WatchCursor::from_version(VersionToken::from_bytes(&version).unwrap());
            if let Some(incarnation) = incarnation {
                cursor = cursor.with_incarnation(incarnation);
            }
            let bytes = cursor.to_bytes();
            prop_assert_eq!(incarnation.is_some(), bytes.len() > VersionToken::MAX_LEN);
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
}
