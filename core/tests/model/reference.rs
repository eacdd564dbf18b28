//! The plain model: a map, a count, and what was forgotten.

use crate::schedule::{Action, Write};
use slipstream::{DiscardPolicy, KvError};
use std::collections::BTreeMap;

/// A store as the contract describes it.
#[derive(Debug, Default)]
pub struct Reference {
    pub newest: u64,
    pub records: BTreeMap<&'static str, Record>,
    pub limit: Option<(u64, DiscardPolicy)>,
    /// The newest removal that was forgotten: what a cursor before it missed cannot be told.
    pub forgotten: u64,
}

#[derive(Debug, Clone)]
pub struct Record {
    pub version: u64,
    pub state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Value(Vec<u8>),
    Tombstone,
    Purged,
}

/// One update, as a watch tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub key: String,
    pub version: u64,
    pub state: State,
}

impl Reference {
    /// Performs a write: the version it made, or nothing where there was nothing to do.
    pub fn write(&mut self, write: &Write, expected: u64) -> Result<Option<u64>, KvError> {
        let (key, record) = (write.key, self.records.get(write.key));
        let live = record.is_some_and(|record| matches!(record.state, State::Value(_)));
        let visible = record.filter(|record| record.state != State::Purged);
        let stands = visible.is_some_and(|record| record.version == expected);
        let state = match &write.action {
            Action::Create(_) if live => return Err(KvError::AlreadyExists),
            Action::Update(..) | Action::DeleteWithVersion(_) if !stands => {
                return Err(KvError::RevisionMismatch);
            }
            Action::Delete if !live => return Ok(None),
            Action::Purge if visible.is_none() => return Ok(None),
            Action::Purge => State::Purged,
            Action::Put(value) | Action::Create(value) | Action::Update(value, _) => {
                self.make_room(key, value.len() as u64)?;
                State::Value(value.clone())
            }
            Action::Delete | Action::DeleteWithVersion(_) => State::Tombstone,
        };
        Ok(Some(self.set(key, state)))
    }

    /// The live value of a key and its version (R1).
    pub fn get(&self, key: &str) -> Option<(Vec<u8>, u64)> {
        match self.records.get(key) {
            Some(Record { version, state: State::Value(value) }) => Some((value.clone(), *version)),
            _ => None,
        }
    }

    /// The last record of a key, tombstones included (R3).
    pub fn entry(&self, key: &str) -> Option<(Vec<u8>, u64)> {
        match self.records.get(key) {
            Some(Record { version, state: State::Tombstone }) => Some((Vec::new(), *version)),
            _ => self.get(key),
        }
    }

    /// Every live key with a prefix (R4).
    pub fn list(&self, prefix: &str) -> Vec<(String, Vec<u8>, u64)> {
        let keys = self.records.keys().filter(|key| key.starts_with(prefix));
        keys.filter_map(|key| self.get(key).map(|(value, at)| ((*key).into(), value, at))).collect()
    }

    /// The newest state of every key that changed after `position`, in version order (S2).
    pub fn since(&self, position: u64) -> Vec<Told> {
        let newer = self.records.iter().filter(|(_, record)| record.version > position);
        let mut told: Vec<Told> = newer
            .map(|(key, record)| Told {
                key: (*key).into(),
                version: record.version,
                state: record.state.clone(),
            })
            .collect();
        told.sort_by_key(|told| told.version);
        told
    }

    fn set(&mut self, key: &'static str, state: State) -> u64 {
        self.newest += 1;
        self.records.insert(key, Record { version: self.newest, state });
        self.newest
    }

    fn size(&self, key: &str) -> u64 {
        self.records.get(key).map_or(0, |record| match &record.state {
            State::Value(value) => (key.len() + value.len()) as u64,
            State::Tombstone | State::Purged => key.len() as u64,
        })
    }

    /// What a limited store does before a value is written (W7): it refuses, or the oldest entries
    /// go, first their values and then the memory of them.
    fn make_room(&mut self, key: &'static str, value: u64) -> Result<(), KvError> {
        let Some((limit, discard)) = self.limit else { return Ok(()) };
        let wanted = key.len() as u64 + value;
        loop {
            let others = self.records.keys().filter(|other| **other != key);
            let used: u64 = others.clone().map(|other| self.size(other)).sum();
            if used + wanted <= limit {
                return Ok(());
            }
            if discard == DiscardPolicy::New || wanted > limit {
                return Err(KvError::LimitExceeded(String::new()));
            }
            let Some(oldest) = others.min_by_key(|other| self.records[**other].version) else {
                return Ok(());
            };
            let oldest: &'static str = oldest;
            match self.records[oldest].state {
                State::Value(_) => {
                    self.set(oldest, State::Purged);
                }
                State::Tombstone | State::Purged => self.forget(oldest),
            }
        }
    }

    fn forget(&mut self, key: &str) {
        if let Some(record) = self.records.remove(key) {
            self.forgotten = self.forgotten.max(record.version);
        }
    }
}
