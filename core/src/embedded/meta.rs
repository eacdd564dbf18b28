//! The counters and the configuration of a store, in its own row.

use super::engine::{ReadTxn, Table, WriteTxn};
use super::record::number;
use super::rules::end_of;
use crate::kv::KvError;
use crate::store::{DiscardPolicy, StorageType, StoreConfig};
use std::ops::ControlFlow;
use std::time::Duration;

/// The counters and the configuration of one store. They change in the same transaction as its
/// entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreMeta {
    /// The number that the rows of this store start with.
    pub(super) id: u32,
    /// Tells this store from another one of the same name (contract rule V4).
    pub(super) incarnation: u64,
    /// The version of the last write.
    pub(super) tip: u64,
    /// The version of the newest removal that was swept: older cursors are expired (S5).
    pub(super) floor: u64,
    /// Keys with a value.
    pub(super) live: u64,
    /// Keys with a tombstone or a purge mark.
    pub(super) markers: u64,
    /// The size of all keys and values.
    pub(super) bytes: u64,
    pub(super) max_history: u32,
    /// In milliseconds; 0 is no limit.
    pub(super) max_age: u64,
    /// 0 is no limit.
    pub(super) max_bytes: u64,
    /// How long marks of removals are kept, in milliseconds (W8).
    pub(super) keep_marks: u64,
    pub(super) discard: DiscardPolicy,
    pub(super) storage: StorageType,
}

/// How long marks are kept unless the store says otherwise: 30 days.
const KEEP_MARKS: u64 = 30 * 24 * 3600 * 1000;

/// The key of the row that counts the stores. A name is never empty, so it is no store's.
const STORES: &[u8] = &[0];
/// Before and after the names of stores, of which none begins with such a byte (K3).
const FIRST_NAME: &[u8] = &[1];
const AFTER_NAMES: &[u8] = &[0xff];

/// The keys of the rows that say that the rows of a deleted store are still to be removed, before
/// its number; and what comes after them. A file's own header has a key between these and the count.
const ABANDONED: &[u8] = &[0, 2];
const AFTER_ABANDONED: &[u8] = &[0, 3];

fn abandoned_key(store: u32) -> Vec<u8> {
    [ABANDONED, &store.to_be_bytes()].concat()
}

/// The number of a deleted store whose rows are still to be removed, if there is one.
pub(super) fn abandoned(txn: &dyn ReadTxn) -> Result<Option<u32>, KvError> {
    let mut found = None;
    txn.range(Table::Meta, ABANDONED, AFTER_ABANDONED, &mut |key, _| {
        found = Some(number(&key[ABANDONED.len()..]) as u32);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Removes at most `limit` rows of a deleted store. True if there may be more.
pub(super) fn remove_rows(
    txn: &mut dyn WriteTxn,
    store: u32,
    limit: usize,
) -> Result<bool, KvError> {
    // The log of the engine in memory holds on to entries, and goes first.
    for table in [Table::Log, Table::Expiry, Table::Markers, Table::Entries] {
        let mut rows: Vec<Vec<u8>> = Vec::new();
        txn.range(table, &store.to_be_bytes(), &end_of(store), &mut |row, _| {
            rows.push(row.to_vec());
            Ok(if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        rows.iter().try_for_each(|row| txn.delete(table, row))?;
        if !rows.is_empty() {
            return Ok(true);
        }
    }
    txn.delete(Table::Meta, &abandoned_key(store))?;
    Ok(false)
}

/// The format of a store's header (`docs/formats.md`).
const FORMAT: u8 = 1;
const NUMBERS: usize = 10;

impl StoreMeta {
    pub(super) fn load<T: ReadTxn + ?Sized>(txn: &T, name: &str) -> Result<Option<Self>, KvError> {
        txn.get(Table::Meta, name.as_bytes())?.map(Self::decode).transpose()
    }

    /// The counters of the store that has this number, if it is still the one of this name.
    pub(super) fn of<T: ReadTxn + ?Sized>(
        txn: &T,
        name: &str,
        id: u32,
    ) -> Result<Option<Self>, KvError> {
        Ok(Self::load(txn, name)?.filter(|meta| meta.id == id))
    }

    /// The names of all stores, sorted.
    pub(super) fn names(txn: &dyn ReadTxn) -> Result<Vec<String>, KvError> {
        let mut names = Vec::new();
        txn.range(Table::Meta, FIRST_NAME, AFTER_NAMES, &mut |name, _| {
            let name = std::str::from_utf8(name).map_err(|_| {
                KvError::DeserializationError("the name of a store is damaged".into())
            })?;
            names.push(name.to_owned());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(names)
    }

    /// Makes the store one that is not there, and notes its number: its rows are
    /// [still to be removed](abandoned). False if there is none of this name.
    pub(super) fn delete(txn: &mut dyn WriteTxn, name: &str) -> Result<bool, KvError> {
        let Some(meta) = Self::load(txn, name)? else { return Ok(false) };
        txn.delete(Table::Meta, name.as_bytes())?;
        txn.put(Table::Meta, &abandoned_key(meta.id), &[])?;
        Ok(true)
    }

    pub(super) fn save(&self, txn: &mut dyn WriteTxn, name: &str) -> Result<(), KvError> {
        txn.put(Table::Meta, name.as_bytes(), &self.encode())
    }

    /// Makes the store, unless it exists. An existing one is opened as it is (L2).
    pub(super) fn create(
        txn: &mut dyn WriteTxn,
        config: &StoreConfig,
        incarnation: u64,
    ) -> Result<Self, KvError> {
        if let Some(meta) = Self::load(txn, &config.name)? {
            return Ok(meta);
        }
        let stores = txn.get(Table::Meta, STORES)?.map_or(0, number) + 1;
        let id = u32::try_from(stores)
            .map_err(|_| KvError::LimitExceeded("there are too many stores".into()))?;
        txn.put(Table::Meta, STORES, &stores.to_be_bytes())?;
        let meta = Self::new(id, incarnation, config);
        meta.save(txn, &config.name)?;
        Ok(meta)
    }

    /// The names of the fields in which an existing store differs from what was asked for.
    pub(super) fn differences(&self, config: &StoreConfig) -> Vec<&'static str> {
        let asked = Self::new(self.id, self.incarnation, config);
        let fields = [
            ("storage", self.storage == asked.storage),
            ("max_history", self.max_history == asked.max_history),
            ("max_age", self.max_age == asked.max_age),
            ("max_bytes", self.max_bytes == asked.max_bytes),
            ("discard", self.discard == asked.discard),
        ];
        fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
    }

    fn new(id: u32, incarnation: u64, config: &StoreConfig) -> Self {
        Self {
            id,
            incarnation,
            tip: 0,
            floor: 0,
            live: 0,
            markers: 0,
            bytes: 0,
            max_history: config.max_history.unwrap_or(1),
            max_age: config.max_age.map_or(0, millis),
            max_bytes: config.max_bytes.map_or(0, i64::unsigned_abs),
            keep_marks: KEEP_MARKS,
            discard: config.discard,
            storage: config.storage,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let numbers: [u64; NUMBERS] = [
            self.incarnation,
            self.tip,
            self.floor,
            self.live,
            self.markers,
            self.bytes,
            u64::from(self.max_history),
            self.max_age,
            self.max_bytes,
            self.keep_marks,
        ];
        let mut bytes = vec![FORMAT];
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend([self.discard as u8, self.storage as u8]);
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, KvError> {
        let damaged = || KvError::DeserializationError("a store's header is damaged".into());
        let (&format, rest) = bytes.split_first().ok_or_else(damaged)?;
        if format > FORMAT {
            return Err(KvError::OperationFailed(format!(
                "the store has format {format}, which is newer than format {FORMAT} that this \
                 version of slipstream reads; nothing is damaged: upgrade slipstream here"
            )));
        }
        let (id, rest) = rest.split_at_checked(4).ok_or_else(damaged)?;
        let (numbers, rest) = rest.split_at_checked(NUMBERS * 8).ok_or_else(damaged)?;
        let at = |index: usize| number(&numbers[index * 8..][..8]);
        let (discard, storage) = match rest {
            [discard @ 0..=1, storage @ 0..=1] => (*discard, *storage),
            _ => return Err(damaged()),
        };
        Ok(Self {
            id: number(id) as u32,
            incarnation: at(0),
            tip: at(1),
            floor: at(2),
            live: at(3),
            markers: at(4),
            bytes: at(5),
            max_history: at(6) as u32,
            max_age: at(7),
            max_bytes: at(8),
            keep_marks: at(9),
            discard: if discard == 0 { DiscardPolicy::New } else { DiscardPolicy::Old },
            storage: if storage == 0 { StorageType::Memory } else { StorageType::Persistent },
        })
    }
}

/// A duration in whole milliseconds, rounded up (W5).
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `docs/formats.md` says.
    const FIXTURE: [u8; 87] = {
        let mut bytes = [0; 87];
        bytes[0] = 1;
        bytes[4] = 2;
        let mut at = 0;
        while at < NUMBERS {
            bytes[5 + at * 8 + 7] = at as u8 + 3;
            at += 1;
        }
        bytes[85] = 1;
        bytes[86] = 1;
        bytes
    };

    #[test]
    fn u1_a_stores_header_is_as_docs_formats_says() {
        let meta = StoreMeta {
            id: 2,
            incarnation: 3,
            tip: 4,
            floor: 5,
            live: 6,
            markers: 7,
            bytes: 8,
            max_history: 9,
            max_age: 10,
            max_bytes: 11,
            keep_marks: 12,
            discard: DiscardPolicy::Old,
            storage: StorageType::Persistent,
        };
        assert_eq!(meta.encode(), FIXTURE);
        assert_eq!(StoreMeta::decode(&FIXTURE), Ok(meta));
    }

    #[test]
    fn u1_a_newer_header_is_refused_as_newer() {
        let mut bytes = FIXTURE.to_vec();
        bytes[0] = 2;
        let refused = StoreMeta::decode(&bytes).unwrap_err().to_string();
        assert!(refused.contains("newer"), "{refused}");
    }
}
