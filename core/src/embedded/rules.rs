//! The rules of writes, for both engines: versions, tombstones, create over a tombstone, time to live,
//! limits and compaction.
//!
//! A write checks everything before it changes anything, so a refused one leaves no trace in the
//! transaction that other writes share.

use super::engine::{Answer, ReadTxn, Table, WriteTxn};
use super::meta::{StoreMeta, millis};
use super::record::{Kind, Record, number};
use crate::kv::{Action, Condition, KvError, Write, Written};
use crate::store::DiscardPolicy;
use smallvec::SmallVec;
use std::ops::ControlFlow;
use std::time::Duration;

/// The largest value, in bytes.
pub(super) const MAX_VALUE: usize = 64 << 20;

/// Removals kept before compaction sweeps the oldest, if there are not more live keys than that.
pub(super) const MARKERS_KEPT: u64 = 65_536;

/// The key of a row: the store's number and the rest.
pub(super) type RowKey = SmallVec<[u8; 64]>;

pub(super) fn row_key(store: u32, rest: &[u8]) -> RowKey {
    let mut key = RowKey::from_slice(&store.to_be_bytes());
    key.extend_from_slice(rest);
    key
}

/// The first key after all rows of a store.
pub(super) fn end_of(store: u32) -> [u8; 4] {
    // Store numbers count up from 1, so there is always a next one.
    (store + 1).to_be_bytes()
}

/// Performs one write. The outer error comes from the engine and fails the whole transaction.
pub(super) fn apply(
    txn: &mut dyn WriteTxn,
    meta: &mut StoreMeta,
    write: Write<'_>,
    now: u64,
) -> Result<Answer, KvError> {
    let key = row_key(meta.id, write.key.as_bytes());
    let found = Existing::load(txn, &key)?;
    let visible = found.filter(|found| found.is_visible(now));
    let live = found.is_some_and(|found| found.is_live(now));
    let current = visible.map(|found| found.version);
    let (value, ttl): (&[u8], _) = match write.action {
        Action::Put { condition: Condition::Absent, .. } if live => {
            return Ok(Err(KvError::AlreadyExists));
        }
        Action::Put { condition: Condition::Version(expected), .. }
        | Action::Delete { expected: Some(expected) }
            if current != Some(expected) =>
        {
            return Ok(Err(KvError::RevisionMismatch));
        }
        Action::Delete { expected: None } if !live => return Ok(Ok(Written::Nothing)),
        Action::Purge if !found.is_some_and(|found| found.kind.is_shown()) => {
            return Ok(Ok(Written::Nothing));
        }
        Action::Put { value, ttl, .. } => (value, ttl),
        Action::Delete { .. } | Action::Purge => (&[], None),
    };
    let kind = match write.action {
        Action::Put { .. } => Kind::Value,
        Action::Delete { .. } => Kind::Tombstone,
        Action::Purge => Kind::Purged,
    };
    if kind == Kind::Value
        && let Some(refusal) = make_room(txn, meta, write.key, found, value.len(), now)?
    {
        return Ok(Err(refusal));
    }
    let record = New { kind, deadline: deadline(meta, ttl, now), value };
    let version = record.write(txn, meta, &key, found)?;
    sweep_surplus(txn, meta)?;
    Ok(Ok(Written::Version(version)))
}

/// Ends at most `limit` rows whose time is over: a value becomes the mark of its removal, an old mark
/// is swept. True if there may be more.
pub(super) fn expire(
    txn: &mut dyn WriteTxn,
    meta: &mut StoreMeta,
    now: u64,
    limit: usize,
) -> Result<bool, KvError> {
    let mut due: Vec<RowKey> = Vec::new();
    let to = row_key(meta.id, &now.saturating_add(1).to_be_bytes());
    txn.range(Table::Expiry, &meta.id.to_be_bytes(), &to, &mut |_, key| {
        due.push(row_key(meta.id, key));
        Ok(if due.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    for key in &due {
        let Some(found) = Existing::load(txn, key)? else { continue };
        end(txn, meta, key, found, now)?;
    }
    sweep_surplus(txn, meta)?;
    Ok(due.len() == limit)
}

/// When the first entry of a store ends, in milliseconds since 1970.
pub(super) fn next_deadline(txn: &dyn ReadTxn, store: u32) -> Result<Option<u64>, KvError> {
    let mut next = None;
    txn.range(Table::Expiry, &store.to_be_bytes(), &end_of(store), &mut |row, _| {
        next = row.get(4..12).map(number);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(next)
}

/// The record that a key has now, without its value.
#[derive(Debug, Clone, Copy)]
struct Existing {
    version: u64,
    kind: Kind,
    deadline: u64,
    value_len: u64,
}

impl Existing {
    fn load(txn: &dyn WriteTxn, key: &[u8]) -> Result<Option<Self>, KvError> {
        let Some(bytes) = txn.get(Table::Entries, key)? else { return Ok(None) };
        let Record { version, kind, deadline, value } = Record::decode(bytes)?;
        Ok(Some(Self { version, kind, deadline, value_len: value.len() as u64 }))
    }

    fn is_visible(&self, now: u64) -> bool {
        self.without_value().is_visible(now)
    }

    fn is_over(&self, now: u64) -> bool {
        self.without_value().is_over(now)
    }

    fn is_live(&self, now: u64) -> bool {
        self.without_value().is_live(now)
    }

    fn without_value(&self) -> Record<'static> {
        Record { version: self.version, kind: self.kind, deadline: self.deadline, value: &[] }
    }
}

/// A record to be written, as the newest of its store.
struct New<'a> {
    kind: Kind,
    deadline: u64,
    value: &'a [u8],
}

impl New<'_> {
    fn write(
        &self,
        txn: &mut dyn WriteTxn,
        meta: &mut StoreMeta,
        key: &[u8],
        before: Option<Existing>,
    ) -> Result<u64, KvError> {
        let name = &key[4..];
        let version = meta.tip + 1;
        if let Some(before) = before {
            unindex(txn, meta, before)?;
            uncount(meta, name, before);
        }
        let record =
            Record { version, kind: self.kind, deadline: self.deadline, value: self.value };
        let mut bytes = Vec::with_capacity(32 + self.value.len());
        record.encode(&mut bytes);
        txn.put(Table::Entries, key, &bytes)?;
        txn.put(Table::Log, &version_key(meta.id, version), name)?;
        if self.deadline != 0 {
            txn.put(Table::Expiry, &expiry_key(meta.id, self.deadline, version), name)?;
        }
        if self.kind == Kind::Value {
            meta.live += 1;
        } else {
            txn.put(Table::Markers, &version_key(meta.id, version), name)?;
            meta.markers += 1;
        }
        meta.bytes += (name.len() + self.value.len()) as u64;
        meta.tip = version;
        Ok(version)
    }
}

/// Ends a record whose time is over or whose room is needed: a value becomes the mark of its removal,
/// a mark is swept.
fn end(
    txn: &mut dyn WriteTxn,
    meta: &mut StoreMeta,
    key: &[u8],
    found: Existing,
    now: u64,
) -> Result<(), KvError> {
    if found.kind != Kind::Value {
        return sweep(txn, meta, key, found);
    }
    let kind = if found.is_over(now) { Kind::Expired } else { Kind::Purged };
    let mark = New { kind, deadline: deadline(meta, None, now), value: &[] };
    mark.write(txn, meta, key, Some(found)).map(|_| ())
}

/// Removes a mark for good. A cursor from before it is expired from now on, so the floor moves up.
fn sweep(
    txn: &mut dyn WriteTxn,
    meta: &mut StoreMeta,
    key: &[u8],
    found: Existing,
) -> Result<(), KvError> {
    unindex(txn, meta, found)?;
    uncount(meta, &key[4..], found);
    txn.delete(Table::Entries, key)?;
    meta.floor = meta.floor.max(found.version);
    Ok(())
}

/// Sweeps the oldest marks while there are more than are kept.
fn sweep_surplus(txn: &mut dyn WriteTxn, meta: &mut StoreMeta) -> Result<(), KvError> {
    while meta.markers > meta.live.max(MARKERS_KEPT) {
        let Some(key) = first_of(txn, Table::Markers, meta.id, None)? else { break };
        let Some(found) = Existing::load(txn, &key)? else { break };
        sweep(txn, meta, &key, found)?;
    }
    Ok(())
}

/// Makes room for a value under the store's limits (W7). A store that discards its oldest entries
/// does so; any other returns why the value is refused.
fn make_room(
    txn: &mut dyn WriteTxn,
    meta: &mut StoreMeta,
    key: &str,
    found: Option<Existing>,
    value_len: usize,
    now: u64,
) -> Result<Option<KvError>, KvError> {
    let size = (key.len() + value_len) as u64;
    let freed = found.map_or(0, |found| key.len() as u64 + found.value_len);
    let full = |meta: &StoreMeta| meta.bytes - freed + size > meta.max_bytes;
    if meta.max_bytes == 0 || !full(meta) {
        return Ok(None);
    }
    if meta.discard == DiscardPolicy::New || size > meta.max_bytes {
        return Ok(Some(KvError::LimitExceeded(format!(
            "the store is full: {} of at most {} bytes are used, this entry takes {size}",
            meta.bytes, meta.max_bytes
        ))));
    }
    let own = row_key(meta.id, key.as_bytes());
    while full(meta) {
        let Some(oldest) = first_of(txn, Table::Log, meta.id, Some(&own))? else { break };
        let Some(found) = Existing::load(txn, &oldest)? else { break };
        end(txn, meta, &oldest, found, now)?;
    }
    Ok(None)
}

/// The key that the first row of a store in this table names, other than `but`.
fn first_of(
    txn: &dyn WriteTxn,
    table: Table,
    store: u32,
    but: Option<&RowKey>,
) -> Result<Option<RowKey>, KvError> {
    let mut first = None;
    txn.range(table, &store.to_be_bytes(), &end_of(store), &mut |_, name| {
        let key = row_key(store, name);
        if Some(&key) == but {
            return Ok(ControlFlow::Continue(()));
        }
        first = Some(key);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(first)
}

fn unindex(txn: &mut dyn WriteTxn, meta: &StoreMeta, found: Existing) -> Result<(), KvError> {
    let version = version_key(meta.id, found.version);
    txn.delete(Table::Log, &version)?;
    if found.deadline != 0 {
        txn.delete(Table::Expiry, &expiry_key(meta.id, found.deadline, found.version))?;
    }
    if found.kind != Kind::Value {
        txn.delete(Table::Markers, &version)?;
    }
    Ok(())
}

fn uncount(meta: &mut StoreMeta, name: &[u8], found: Existing) {
    match found.kind {
        Kind::Value => meta.live -= 1,
        Kind::Tombstone | Kind::Purged | Kind::Expired => meta.markers -= 1,
    }
    meta.bytes -= name.len() as u64 + found.value_len;
}

fn deadline(meta: &StoreMeta, ttl: Option<Duration>, now: u64) -> u64 {
    let age = (meta.max_age != 0).then_some(meta.max_age);
    let soonest = ttl.map(millis).into_iter().chain(age).min();
    soonest.map_or(0, |millis| now.saturating_add(millis))
}

pub(super) fn version_key(store: u32, version: u64) -> RowKey {
    row_key(store, &version.to_be_bytes())
}

fn expiry_key(store: u32, deadline: u64, version: u64) -> RowKey {
    let mut key = row_key(store, &deadline.to_be_bytes());
    key.extend_from_slice(&version.to_be_bytes());
    key
}
