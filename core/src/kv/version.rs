//! The version of an entry: a token of opaque bytes.

use super::KvError;
use std::fmt;

/// The version of one entry: 0 to 10 opaque bytes, held inline (contract rule V1).
///
/// Empty means unknown, 8 bytes are a big-endian `u64` revision, 10 bytes a FoundationDB
/// versionstamp. Tokens of one backend compare as bytes in write order (V2), and the bytes that
/// one language got are the bytes that another passes to `update` (V3).
///
/// ```
/// use slipstream::VersionToken;
/// let token = VersionToken::from_u64(7);
/// assert_eq!(VersionToken::from_bytes(token.as_bytes()), Some(token));
/// assert_eq!(VersionToken::from_bytes(&[0; 11]), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct VersionToken {
    len: u8,
    bytes: [u8; VersionToken::MAX_LEN],
}

impl VersionToken {
    /// The longest token, in bytes.
    pub const MAX_LEN: usize = 10;

    /// The token of an entry whose version is not known.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Whether this is the [`unknown`](Self::unknown) token.
    pub fn is_unknown(&self) -> bool {
        self.len == 0
    }

    /// The token of a numbered revision: 8 bytes, big-endian.
    pub fn from_u64(revision: u64) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..8].copy_from_slice(&revision.to_be_bytes());
        Self { len: 8, bytes }
    }

    /// The revision, if this token is one of 8 bytes.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_bytes().try_into().ok().map(u64::from_be_bytes)
    }

    /// The revision that a caller expects of a store that numbers them; other tokens are refused
    /// (V5).
    pub(crate) fn revision(&self) -> Result<u64, KvError> {
        self.as_u64().ok_or_else(|| {
            let len = self.as_bytes().len();
            KvError::InvalidArgument(format!("expected a version of 8 bytes, got one of {len}"))
        })
    }

    /// The token's bytes, as they cross into another language or into a file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The token of these bytes; `None` above 10 bytes, which are refused and never truncated.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut token = Self::default();
        token.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        token.len = u8::try_from(bytes.len()).ok()?;
        Some(token)
    }
}

impl fmt::Debug for VersionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_u64() {
            Some(revision) => write!(f, "VersionToken({revision})"),
            None if self.is_unknown() => f.write_str("VersionToken(unknown)"),
            None => write!(f, "VersionToken({:02x?})", self.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn v1_bytes_round_trip_up_to_ten(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            match VersionToken::from_bytes(&bytes) {
                Some(token) => prop_assert_eq!(token.as_bytes(), &bytes[..]),
                None => prop_assert!(bytes.len() > VersionToken::MAX_LEN),
            }
        }

        #[test]
        fn v2_tokens_compare_as_bytes_in_write_order(a: u64, b: u64) {
            let (ta, tb) = (VersionToken::from_u64(a), VersionToken::from_u64(b));
            prop_assert_eq!(a.cmp(&b), ta.as_bytes().cmp(tb.as_bytes()));
            prop_assert_eq!(ta.as_u64(), Some(a));
        }
    }

    #[test]
    fn v1_debug_shows_a_number_unknown_or_the_bytes() {
        assert_eq!(format!("{:?}", VersionToken::from_u64(3)), "VersionToken(3)");
        assert_eq!(format!("{:?}", VersionToken::unknown()), "VersionToken(unknown)");
        let stamp = VersionToken::from_bytes(&[1; 10]).unwrap();
        assert!(format!("{stamp:?}").contains("01"));
        assert_eq!(stamp.as_u64(), None);
    }
}
