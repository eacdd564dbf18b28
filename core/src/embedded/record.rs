use crate::kv::KvError;

/// What the last write of a key left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value.
    Value,
    /// A tombstone, which `entry` shows.
    Tombstone,
    /// The mark of a purge or of an ended time to live, which only watches see.
    Purged,
}

/// The last record of a key, as it is kept: version, kind, deadline, value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) version: u64,
    pub(super) kind: Kind,
    /// When it ends, in milliseconds since 1970; 0 is never.
    pub(super) deadline: u64,
    pub(super) value: &'a [u8],
}

const HEADER: usize = 17;

impl<'a> Record<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, KvError> {
        let damaged = || KvError::DeserializationError("a stored record is damaged".into());
        let (header, value) = bytes.split_first_chunk::<HEADER>().ok_or_else(damaged)?;
        let kind = match header[8] {
            0 => Kind::Value,
            1 => Kind::Tombstone,
            2 => Kind::Purged,
            _ => return Err(damaged()),
        };
        Ok(Self { version: number(&header[..8]), kind, deadline: number(&header[9..]), value })
    }

    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        into.clear();
        into.extend(self.version.to_be_bytes());
        into.push(self.kind as u8);
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
        self.kind != Kind::Purged && !self.is_over(now)
    }
}

/// A big-endian number of up to eight bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
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
}
