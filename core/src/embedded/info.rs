//! What a store on an engine says of itself: the counters of its header, which every write keeps.

use super::database::{Database, SharedStore};
use super::engine::{Engine, ReadTxn, Table};
use super::meta::StoreMeta;
use super::record::{Kind, Record};
use super::rules::row_key;
use crate::info::{StoreInfo, StoreLimits};
use crate::kv::{KvError, VersionToken};
use std::ops::ControlFlow;
use std::time::Duration;

/// What a store is, in one view.
pub(super) fn info<E: Engine>(
    txn: &dyn ReadTxn,
    store: &SharedStore,
    now: u64,
) -> Result<StoreInfo, KvError> {
    let meta = Database::<E>::meta(txn, store)?;
    let due = due(txn, &meta, now)?;
    Ok(StoreInfo {
        keys: meta.live - due.values,
        // A value that has ended is shown to nobody, and its mark comes in a moment.
        marks: meta.markers - due.marks + due.values,
        bytes: meta.bytes,
        version: VersionToken::from_u64(meta.tip),
        incarnation: Some(meta.incarnation),
        limits: limits(&meta),
    })
}

fn limits(meta: &StoreMeta) -> StoreLimits {
    let limit = |number: u64| Some(number).filter(|&number| number != 0);
    StoreLimits {
        storage: meta.storage,
        max_history: meta.max_history,
        max_age: limit(meta.max_age).map(Duration::from_millis),
        max_bytes: limit(meta.max_bytes),
        num_replicas: 1,
        discard: meta.discard,
        ttl: true,
    }
}

/// How many entries have ended, and wait for the keeper to say so.
#[derive(Default)]
struct Due {
    values: u64,
    marks: u64,
}

fn due(txn: &dyn ReadTxn, meta: &StoreMeta, now: u64) -> Result<Due, KvError> {
    let mut due = Due::default();
    let to = row_key(meta.id, &now.saturating_add(1).to_be_bytes());
    txn.range(Table::Expiry, &meta.id.to_be_bytes(), &to, &mut |_, key| {
        let record = txn.get(Table::Entries, &row_key(meta.id, key))?;
        match record.map(Record::decode).transpose()?.map(|record| record.kind) {
            Some(Kind::Value) => due.values += 1,
            Some(Kind::Tombstone | Kind::Purged | Kind::Expired) => due.marks += 1,
            None => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(due)
}
