//! Records that were read since the last commit.

use crate::lock::RwLock;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::sync::RwLockReadGuard;
use std::sync::atomic::{AtomicU32, Ordering};

/// Records that were read since the last commit, so that a store which is read far more often than
/// it is written is read at the speed of memory.
///
/// They are those of one commit, by any process, and are all forgotten with the next. LMDB's header
/// in the shared map names the last commit, so a look at it tells whether they still hold.
#[derive(Default)]
pub(super) struct Recent {
    records: RwLock<Records>,
    /// Reads since the commit: records are kept only once there are many to a commit.
    reads: AtomicU32,
}

#[derive(Default)]
pub(super) struct Records {
    commit: u64,
    /// Where each record starts in `bytes`.
    index: HashTable<u32>,
    hasher: RandomState,
    /// The lengths of a key and of its record, and the two, one after another.
    bytes: Vec<u8>,
    /// True if there was no room for a record.
    full: bool,
}

/// The most memory that kept records take.
const MAX_BYTES: usize = 32 << 20;
/// The number of reads after a commit from which on records are kept.
const WORTH_WHILE: u32 = 256;
const LENGTHS: usize = 8;

impl Recent {
    /// The records that were kept since `commit`, if it is the last one.
    pub(super) fn since(&self, commit: u64) -> Option<RwLockReadGuard<'_, Records>> {
        Some(self.records.read()).filter(|records| records.commit == commit)
    }

    /// Keeps a record that a transaction which saw `commit` has read.
    pub(super) fn keep(&self, commit: u64, key: &[u8], record: &[u8]) {
        let reads = self.reads.load(Ordering::Relaxed);
        {
            // Most reads that have nothing to add do not keep other readers out.
            let records = self.records.read();
            if records.commit == commit && (reads < WORTH_WHILE || records.full) {
                self.reads.store(reads.saturating_add(1), Ordering::Relaxed);
                return;
            }
        }
        let mut records = self.records.write();
        if records.commit < commit {
            records.forget(commit);
            self.reads.store(0, Ordering::Relaxed);
        } else if records.commit == commit && records.find(key).is_none() {
            records.add(key, record);
        }
    }
}

impl Records {
    pub(super) fn find(&self, key: &[u8]) -> Option<&[u8]> {
        let at = self.index.find(self.hasher.hash_one(key), |&at| row(&self.bytes, at).0 == key)?;
        Some(row(&self.bytes, *at).1)
    }

    fn add(&mut self, key: &[u8], record: &[u8]) {
        let Self { index, hasher, bytes, full, .. } = self;
        if bytes.len() + LENGTHS + key.len() + record.len() > MAX_BYTES {
            *full = true;
            return;
        }
        // Below the limit, so every length and place has room in four bytes.
        let at = bytes.len() as u32;
        bytes.extend((key.len() as u32).to_ne_bytes());
        bytes.extend((record.len() as u32).to_ne_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(record);
        index.insert_unique(hasher.hash_one(key), at, |&at| hasher.hash_one(row(bytes, at).0));
    }

    fn forget(&mut self, commit: u64) {
        self.commit = commit;
        self.index.clear();
        self.bytes.clear();
        self.full = false;
    }
}

/// The key and the record that start at a place.
fn row(bytes: &[u8], at: u32) -> (&[u8], &[u8]) {
    let bytes = &bytes[at as usize..];
    let length = |at: usize| {
        let length = bytes[at..].first_chunk().copied().unwrap_or_default();
        u32::from_ne_bytes(length) as usize
    };
    let (key, record) = (length(0), length(4));
    let rows = &bytes[LENGTHS..LENGTHS + key + record];
    rows.split_at(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warm(commit: u64) -> Recent {
        let recent = Recent::default();
        for _ in 0..WORTH_WHILE + 2 {
            recent.keep(commit, b"first", b"1");
        }
        recent
    }

    fn found(recent: &Recent, commit: u64, key: &[u8]) -> Option<Vec<u8>> {
        recent.since(commit)?.find(key).map(<[u8]>::to_vec)
    }

    #[test]
    fn records_hold_until_the_next_commit_and_no_longer() {
        let recent = warm(7);
        recent.keep(7, b"second", b"2");
        assert_eq!(found(&recent, 7, b"first").unwrap(), b"1");
        assert_eq!(found(&recent, 7, b"second").unwrap(), b"2");
        assert_eq!(found(&recent, 7, b"third"), None);
        assert_eq!(found(&recent, 8, b"first"), None);

        recent.keep(8, b"second", b"22");
        assert_eq!(found(&recent, 7, b"first"), None);
        // A reader that still sees the commit before adds nothing.
        recent.keep(7, b"second", b"2");
        assert_eq!(found(&recent, 8, b"second"), None);
    }

    #[test]
    fn a_store_that_is_written_often_keeps_nothing() {
        let recent = Recent::default();
        for commit in 1..1000 {
            recent.keep(commit, b"key", b"value");
            assert_eq!(found(&recent, commit, b"key"), None);
        }
    }

    #[test]
    fn many_records_are_told_apart_up_to_the_limit() {
        let recent = warm(1);
        let value = vec![9; 1000];
        for index in 0..40_000u32 {
            recent.keep(1, &index.to_be_bytes(), &value);
        }
        assert_eq!(found(&recent, 1, &5u32.to_be_bytes()).unwrap(), value);
        assert_eq!(found(&recent, 1, &39_999u32.to_be_bytes()), None);
        assert!(recent.records.read().bytes.len() <= MAX_BYTES);
    }
}
