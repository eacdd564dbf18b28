//! The engine in memory.

use super::alarm::{Alarm, LocalAlarm};
use super::engine::{
    Engine, Named, ReadTxn, STORE, Submitted, Table, Visit, VisitChange, WriteTxn,
};
use super::meta::StoreMeta;
use super::rules;
use crate::kv::{KvError, Write};
use crate::lock::RwLock;
use crate::platform::clock;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::ops::Bound;
use std::sync::Arc;

/// The tables in memory. Only one process sees them, so releasing the lock is the commit.
#[derive(Default)]
pub(super) struct MemoryEngine {
    tables: RwLock<Tables>,
    alarm: Arc<LocalAlarm>,
}

#[derive(Default)]
struct Tables {
    /// Entries are read by key far more often than in order, so they are hashed as well.
    entries: HashTable<Entry>,
    order: BTreeSet<Row>,
    hasher: RandomState,
    /// The rows of the log with their entries, so that a watch need not look these up.
    log: BTreeMap<Row, Entry>,
    /// The other tables, by their number.
    others: [BTreeMap<Row, Row>; Table::ALL.len()],
}

/// Keys and most rows are short, and kept inline.
type Row = SmallVec<[u8; 24]>;

/// A key and its record side by side, so that finding one has the other at hand.
#[derive(Clone)]
struct Entry {
    key_len: usize,
    bytes: Arc<[u8]>,
}

impl Entry {
    fn new(key: &[u8], value: &[u8]) -> Self {
        Self { key_len: key.len(), bytes: [key, value].concat().into() }
    }

    fn key(&self) -> &[u8] {
        &self.bytes[..self.key_len]
    }

    /// The key as the store's users know it.
    fn name(&self) -> &[u8] {
        &self.key()[STORE..]
    }

    fn value(&self) -> &[u8] {
        &self.bytes[self.key_len..]
    }
}

impl Tables {
    fn find(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.find(self.hasher.hash_one(key), |entry| entry.key() == key)
    }
}

impl ReadTxn for Tables {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<&[u8]>, KvError> {
        Ok(match table {
            Table::Entries => self.find(key).map(Entry::value),
            Table::Log => self.log.get(key).map(Entry::name),
            _ => self.others[table as usize].get(key).map(AsRef::as_ref),
        })
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), KvError> {
        let rows = (Bound::Included(from), Bound::Excluded(to));
        let (mut entries, mut log, mut others);
        let found: &mut dyn Iterator<Item = (&[u8], &[u8])> = match table {
            Table::Entries => {
                let keys = self.order.range::<[u8], _>(rows);
                entries = keys.filter_map(|key| self.find(key)).map(|it| (it.key(), it.value()));
                &mut entries
            }
            Table::Log => {
                log = self.log.range::<[u8], _>(rows).map(|(row, it)| (&row[..], it.name()));
                &mut log
            }
            _ => {
                let rows = self.others[table as usize].range::<[u8], _>(rows);
                others = rows.map(|(row, value)| (&row[..], &value[..]));
                &mut others
            }
        };
        for (row, value) in found {
            if visit(row, value)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn changes(&self, from: &[u8], to: &[u8], visit: &mut VisitChange<'_>) -> Result<(), KvError> {
        let rows = (Bound::Included(from), Bound::Excluded(to));
        for (row, entry) in self.log.range::<[u8], _>(rows) {
            if visit(row, entry.name(), entry.value())?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl WriteTxn for Tables {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), KvError> {
        if table == Table::Log {
            // The rules write the record of a key before its row in the log.
            let entry = self.find(&[&key[..STORE], value].concat()).cloned();
            self.log.extend(entry.map(|entry| (Row::from_slice(key), entry)));
            return Ok(());
        }
        if table != Table::Entries {
            self.others[table as usize].insert(Row::from_slice(key), Row::from_slice(value));
            return Ok(());
        }
        let hasher = &self.hasher;
        let slot = self.entries.entry(
            hasher.hash_one(key),
            |entry| entry.key() == key,
            |entry| hasher.hash_one(entry.key()),
        );
        match slot {
            Slot::Occupied(mut entry) => *entry.get_mut() = Entry::new(key, value),
            Slot::Vacant(slot) => {
                slot.insert(Entry::new(key, value));
                self.order.insert(Row::from_slice(key));
            }
        }
        Ok(())
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), KvError> {
        if table == Table::Log {
            self.log.remove(key);
            return Ok(());
        }
        if table != Table::Entries {
            self.others[table as usize].remove(key);
            return Ok(());
        }
        let hash = self.hasher.hash_one(key);
        if let Ok(entry) = self.entries.find_entry(hash, |entry| entry.key() == key) {
            entry.remove();
            self.order.remove(key);
        }
        Ok(())
    }
}

impl Engine for MemoryEngine {
    const BLOCKS: bool = false;

    fn read<T>(&self, read: impl FnOnce(&dyn ReadTxn) -> Result<T, KvError>) -> Result<T, KvError> {
        read(&*self.tables.read())
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut dyn WriteTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        // Nothing need be undone on failure: the rules change nothing before they refuse a write, and
        // operations on these tables cannot fail.
        change(&mut *self.tables.write())
    }

    fn submit(&self, store: Named<'_>, write: Write<'_>) -> Submitted {
        let answer = self.change(|txn| {
            let Some(mut meta) = StoreMeta::of(txn, store.name, store.id)? else {
                return Ok(Err(KvError::StoreNotFound));
            };
            let answer = rules::apply(txn, &mut meta, write, clock::now())?;
            meta.save(txn, store.name)?;
            Ok(answer)
        });
        Submitted::Done(answer.flatten())
    }

    fn alarm(&self) -> Arc<dyn Alarm> {
        self.alarm.clone()
    }
}
