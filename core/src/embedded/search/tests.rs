//! What a search costs, by the rows that it reads, and that it finds what the log has.

use super::*;
use crate::embedded::alarm::Alarm;
use crate::embedded::database::Database;
use crate::embedded::engine::{Engine, Named, Submitted, Visit, WriteTxn};
use crate::embedded::link::Link;
use crate::embedded::memory::MemoryEngine;
use crate::embedded::store::EmbeddedStore;
use crate::kv::{BatchLimit, KvWatcher, KvWriter, UpdateBatch, WatchCursor, Write};
use crate::store::StoreConfig;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const KEYS: usize = 20_000;

/// An engine that counts the rows that it reads.
#[derive(Default)]
struct Counting {
    engine: MemoryEngine,
    rows: Arc<AtomicUsize>,
}

struct CountingTxn<'a> {
    txn: &'a dyn ReadTxn,
    rows: &'a AtomicUsize,
}

impl ReadTxn for CountingTxn<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<&[u8]>, KvError> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.txn.get(table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), KvError> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.txn.range(table, from, to, &mut |key, value| {
            self.rows.fetch_add(1, Ordering::Relaxed);
            visit(key, value)
        })
    }
}

impl Engine for Counting {
    const BLOCKS: bool = false;

    fn read<T>(&self, read: impl FnOnce(&dyn ReadTxn) -> Result<T, KvError>) -> Result<T, KvError> {
        self.engine.read(|txn| read(&CountingTxn { txn, rows: &self.rows }))
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut dyn WriteTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.engine.change(change)
    }

    fn submit(&self, store: Named<'_>, write: Write<'_>) -> Submitted {
        self.engine.submit(store, write)
    }

    fn alarm(&self) -> Arc<dyn Alarm> {
        self.engine.alarm()
    }
}

/// A store with as many keys as there are `KEYS`, written in another order than they sort in.
struct Large {
    store: EmbeddedStore<Counting>,
    rows: Arc<AtomicUsize>,
}

impl Large {
    async fn new() -> Self {
        let engine = Counting::default();
        let rows = engine.rows.clone();
        let database = Arc::new(Database::new(engine));
        let config = StoreConfig { name: "large".into(), ..StoreConfig::default() };
        let shared = database.create(&config).unwrap();
        let store = EmbeddedStore::new(Arc::new(Link::new(database)), shared);
        for number in (0..KEYS).rev() {
            store.put(&format!("k.{number:06}"), b"first").await.unwrap();
        }
        Self { store, rows }
    }

    fn watch(&self, prefixes: &[&str], keys: &[&str], cursor: &WatchCursor) -> Told<'_> {
        let keys = KeySet::new(prefixes, keys).unwrap();
        let source = self.store.source(&keys, cursor).unwrap().unwrap();
        self.rows.store(0, Ordering::Relaxed);
        Told { source, rows: &self.rows }
    }
}

struct Told<'a> {
    source: Box<dyn crate::kv::WatchSource>,
    rows: &'a AtomicUsize,
}

impl Told<'_> {
    async fn batch(&mut self, items: usize) -> UpdateBatch {
        let limit = BatchLimit { items, ..BatchLimit::default() };
        self.source.next_batch(limit).await.unwrap().unwrap()
    }

    /// The keys of the first state, and how many rows were read for them.
    async fn state(mut self) -> (Vec<String>, usize) {
        let mut keys = Vec::new();
        loop {
            let batch = self.batch(100).await;
            let is_synced = batch.is_synced();
            keys.extend(batch.into_updates().map(|it| it.key().to_owned()));
            if is_synced {
                return (keys, self.rows.load(Ordering::Relaxed));
            }
        }
    }
}

/// `k.` with these numbers.
fn keys(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("k.{number:06}")).collect()
}

#[tokio::test]
async fn s6_a_fresh_watch_costs_what_it_matches() {
    let large = Large::new().await;
    let fresh = WatchCursor::none();
    // Each key is looked at, and read by its version: no more than a handful of rows a key.
    let (told, rows) = large.watch(&["k.0001"], &[], &fresh).state().await;
    assert_eq!(told, keys((100..200).rev()));
    assert!(rows < 600, "{rows} rows were read for 100 keys");
    let (told, rows) = large.watch(&["k.00019"], &["k.000007", "none"], &fresh).state().await;
    assert_eq!(told, keys((190..200).rev().chain([7])));
    assert!(rows < 80, "{rows} rows were read for 11 keys");
    let (told, rows) = large.watch(&["none"], &[], &fresh).state().await;
    assert!(told.is_empty() && rows < 10, "{rows} rows were read for nothing");
}

#[tokio::test]
async fn s6_a_resumed_watch_costs_no_more_than_it_matches() {
    let large = Large::new().await;
    let late = WatchCursor::from_u64(KEYS as u64 - 150);
    let (told, rows) = large.watch(&["k.00014"], &["k.000007"], &late).state().await;
    assert_eq!(told, keys((140..150).rev().chain([7])));
    assert!(rows < 80, "{rows} rows were read for 11 keys");
}

#[tokio::test]
async fn s6_a_search_in_vain_costs_little_beside_the_log() {
    let large = Large::new().await;
    let (told, rows) = large.watch(&["k."], &[], &WatchCursor::none()).state().await;
    assert_eq!(told, keys((0..KEYS).rev()));
    let of_log = 2 * KEYS + told.len() / 100;
    assert!(rows < of_log + of_log / 4, "{rows} rows were read, {of_log} are in the log");
}

#[tokio::test]
async fn s2_what_is_written_meanwhile_is_told_behind_what_was_found() {
    let large = Large::new().await;
    let mut watch = large.watch(&["k.0001"], &["k.000300"], &WatchCursor::none());
    let first = watch.batch(10).await;
    assert_eq!(first.into_updates().next().map(|it| it.key().to_owned()), Some("k.000300".into()));
    // One that was told, one that was found and not told, one that is new, and one of others.
    for key in ["k.000300", "k.000150", "k.0001-new", "k.000301"] {
        large.store.put(key, b"second").await.unwrap();
    }
    large.store.delete("k.000151").await.unwrap();
    let (told, _) = watch.state().await;
    let rest = keys((100..191).rev().filter(|number| !matches!(number, 150 | 151)));
    let last = ["k.000300", "k.000150", "k.0001-new", "k.000151"].map(str::to_owned);
    assert_eq!(told, rest.into_iter().chain(last).collect::<Vec<_>>());
}
