//! The record of a key, as both engines keep it (`docs/formats.md`).

use crate::kv::KvError;

/// What the last write of a key left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value.
    Value,
    /// A tombstone, which `entry` shows.
    Tombstone,
    /// The mark of a purge, which only watches see.
    Purged,
    /// The mark of an ended time to live, which only watches see.
    Expired,
}

impl Kind {
    /// True if `entry` shows such a record, and so if its version counts for a compare-and-swap.
    pub(super) fn is_shown(self) -> bool {
        matches!(self, Self::Value | Self::Tombstone)
    }
}

/// The last record of a key, as it is kept: version, kind, deadline, value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) version: u64,
    pub(super) kind: Kind,
    /// When a value ends or its mark is swept, in milliseconds since 1970; 0 is never.
    pub(super) deadline: u64,
    pub(super) value: &'a [u8],
}

/// Version, kind, extensions and deadline.
const HEADER: usize = 18;
/// No extension is known to this version. Each has a bit, and those after it have room for more.
const NO_EXTENSIONS: u8 = 0;

impl<'a> Record<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, KvError> {
        let (header, value) = bytes.split_first_chunk::<HEADER>().ok_or_else(damaged)?;
        let kind = match header[8] {
            0 => Kind::Value,
            1 => Kind::Tombstone,
            2 => Kind::Purged,
            3 => Kind::Expired,
            kind => return Err(newer(&format!("kind {kind}"))),
        };
        match header[9] {
            NO_EXTENSIONS => {}
            extensions => return Err(newer(&format!("extensions {extensions:#010b}"))),
        }
        Ok(Self { version: number(&header[..8]), kind, deadline: number(&header[10..]), value })
    }

    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        into.clear();
        into.extend(self.version.to_be_bytes());
        into.extend([self.kind as u8, NO_EXTENSIONS]);
        into.extend(self.deadline.to_be_bytes());
        into.extend(self.value);
    }

    pub(super) fn is_over(&self, now: u64) -> bool {
        self.deadline != 0 && self.deadline <= now
    }

    /// Whether `get`, `keys` and `scan` show it.
    pub(super) fn is_live(&self, now: u64) -> bool {
        self.kind == Kind::Value && !self.is_over(now)
    }

    /// Whether `entry` shows it, and so whether its version counts for a compare-and-swap.
    pub(super) fn is_visible(&self, now: u64) -> bool {
        self.kind.is_shown() && !self.is_over(now)
    }
}

/// A big-endian number of up to eight bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn damaged() -> KvError {
    KvError::DeserializationError("a stored record is damaged".into())
}

fn newer(what: &str) -> KvError {
    KvError::OperationFailed(format!(
        "a stored record has {what}, which this version of slipstream does not know; open the \
         store with the version that wrote it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(record) = Record::decode(&bytes) {
                let mut again = Vec::new();
                record.encode(&mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn u1_a_record_is_as_docs_formats_says() {
        let bytes = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 1, 0x9a, 0xc0, 0xde, 0, 0, b'v'];
        let record = Record::decode(&bytes).unwrap();
        assert_eq!((record.version, record.kind), (7, Kind::Value));
        assert_eq!((record.deadline, record.value), (0x019a_c0de_0000, &b"v"[..]));
        let mut again = Vec::new();
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }

    #[test]
    fn u1_a_newer_record_is_refused_as_newer() {
        for (at, byte) in [(8, 4), (9, 1), (9, 0x80)] {
            let mut bytes = [0; HEADER];
            bytes[at] = byte;
            let refused = Record::decode(&bytes).unwrap_err();
            assert!(refused.to_string().contains("does not know"), "{refused}");
        }
    }
}
