//! A watch of the store beside what the model says it must tell.

use crate::reference::{Reference, State, Told};
use proptest::prelude::*;
use slipstream::WatchCursor;
use slipstream::handle::Watch;
use slipstream::kv::{BatchLimit, KvError, UpdateBatch, UpdateKind, UpdateRef};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The most that a read which has something to tell may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Watched {
    watch: Watch,
    prefixes: Vec<&'static str>,
    start: Start,
    /// What it has read of the store, told or not.
    position: u64,
    /// What it has read ahead to find out that it is synced.
    ahead: VecDeque<Vec<Told>>,
    synced: bool,
    closed: bool,
    told: u64,
    fold: BTreeMap<String, Vec<u8>>,
    end: Option<Option<&'static str>>,
}

#[derive(Debug, Clone, Copy)]
enum Start {
    /// With the whole state; what was forgotten when it first read is none that it missed.
    Whole(Option<u64>),
    After(u64),
}

impl Watched {
    pub fn new(watch: Watch, prefixes: Vec<&'static str>, cursor: &WatchCursor) -> Self {
        let start = match cursor.as_u64() {
            Some(position) if position > 0 => Start::After(position),
            _ => Start::Whole(None),
        };
        Self {
            watch,
            prefixes,
            start,
            position: 0,
            ahead: VecDeque::new(),
            synced: false,
            closed: false,
            told: cursor.as_u64().unwrap_or(0),
            fold: BTreeMap::new(),
            end: None,
        }
    }

    /// Reads once, and gives the cursors that a program could have kept.
    pub async fn read(
        &mut self,
        model: &Reference,
        items: usize,
    ) -> Result<Vec<WatchCursor>, TestCaseError> {
        let expected = match self.ahead.iter().position(|batch| !batch.is_empty()) {
            Some(empty) => self.ahead.drain(..=empty).next_back(),
            None => {
                self.ahead.clear();
                self.advance(model, items)
            }
        };
        let limit = BatchLimit { items, bytes: 1 << 20 };
        let watch = self.watch.clone();
        let mut next = pin!(watch.next_batch(limit));
        if self.end.is_none() && expected.as_ref().is_none_or(Vec::is_empty) {
            let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            prop_assert!(matches!(polled, Poll::Pending), "nothing to tell, but {polled:?}");
            return Ok(Vec::new());
        }
        let Ok(read) = tokio::time::timeout(PATIENCE, next).await else {
            return Err(TestCaseError::fail(format!("nothing came instead of {expected:?}")));
        };
        match (read, expected.filter(|told| !told.is_empty())) {
            (Ok(Some(batch)), Some(expected)) => self.take(&batch, &expected, model),
            (read, None) => {
                let code = read.map(|batch| batch.is_some()).map_err(|it| it.error.code());
                let end = self.end.flatten();
                prop_assert_eq!(code, end.map_or(Ok(false), Err));
                Ok(Vec::new())
            }
            (read, expected) => {
                Err(TestCaseError::fail(format!("{read:?} instead of {expected:?}")))
            }
        }
    }

    /// Waits for the first state to be complete.
    pub async fn synced(&mut self, model: &Reference) -> Result<(), TestCaseError> {
        if !self.synced && self.end.is_none() {
            let all = BatchLimit::default().items;
            if let Some(batch) = self.advance(model, all) {
                self.ahead.push_back(batch);
            }
        }
        let Ok(synced) = tokio::time::timeout(PATIENCE, self.watch.synced()).await else {
            return Err(TestCaseError::fail("not synced in time"));
        };
        let expected = match self.end {
            _ if self.closed => Err(KvError::WatchError(String::new()).code()),
            Some(Some(code)) if !self.synced => Err(code),
            _ => Ok(()),
        };
        prop_assert_eq!(synced.map_err(|failure| failure.error.code()), expected);
        Ok(())
    }

    /// Closes it: it tells nothing more.
    pub async fn close(&mut self) -> Result<(), TestCaseError> {
        let closed = tokio::time::timeout(PATIENCE, self.watch.close()).await;
        prop_assert!(matches!(closed, Ok(Ok(()))), "{closed:?}");
        self.ahead.clear();
        self.end = Some(None);
        self.closed = true;
        let read = tokio::time::timeout(PATIENCE, self.watch.next_batch(BatchLimit::default()));
        let end = read.await.map_err(|_| TestCaseError::fail("a closed watch did not end"))?;
        prop_assert!(matches!(end, Ok(None)), "{end:?}");
        Ok(())
    }

    /// Reads until there is nothing more; then its fold is the state of the store.
    pub async fn finish(&mut self, model: &Reference) -> Result<(), TestCaseError> {
        let whole = matches!(self.start, Start::Whole(_));
        while self.end.is_none() && !self.read(model, 3).await?.is_empty() {}
        if whole && self.end.is_none() {
            let live = model.list("").into_iter().filter(|(key, ..)| self.matches(key));
            let expected: BTreeMap<_, _> = live.map(|(key, value, _)| (key, value)).collect();
            prop_assert_eq!(&self.fold, &expected);
        }
        Ok(())
    }

    /// What the model tells next: nothing when there is nothing, or when it has ended.
    fn advance(&mut self, model: &Reference, items: usize) -> Option<Vec<Told>> {
        if self.end.is_some() {
            return None;
        }
        if self.prefixes.is_empty() {
            self.end = Some(None);
            return None;
        }
        let known = match &mut self.start {
            Start::Whole(forgotten) => *forgotten.get_or_insert(model.forgotten),
            Start::After(position) => {
                self.position = self.position.max(*position);
                0
            }
        };
        let ahead_of_store = self.position > model.newest;
        if ahead_of_store || model.forgotten > self.position.max(known) {
            self.end = Some(Some(KvError::CursorExpired.code()));
            return None;
        }
        let mut batch = Vec::new();
        for told in model.since(self.position) {
            if batch.len() == items {
                return Some(batch);
            }
            self.position = told.version;
            if self.matches(&told.key) {
                batch.push(told);
            }
        }
        self.position = model.newest;
        self.synced = true;
        Some(batch)
    }

    /// Compares a batch with what the model tells.
    fn take(
        &mut self,
        batch: &UpdateBatch,
        expected: &[Told],
        model: &Reference,
    ) -> Result<Vec<WatchCursor>, TestCaseError> {
        let told: Vec<Told> = batch.iter().map(plain).collect();
        prop_assert_eq!(&told[..], expected);
        for told in told {
            prop_assert!(told.version > self.told, "{:?} after {}", told, self.told);
            self.told = told.version;
            match told.state {
                State::Value(value) => self.fold.insert(told.key, value),
                State::Tombstone | State::Purged => self.fold.remove(&told.key),
            };
        }
        let cursor = self.watch.cursor();
        let at = cursor.as_u64().unwrap_or_default();
        let missed = |told: &Told| told.version <= at && self.matches(&told.key);
        let missed: Vec<Told> = model.since(self.told).into_iter().filter(missed).collect();
        prop_assert!(missed.is_empty(), "cursor {} is past {:?}", at, missed);
        prop_assert!(at >= self.told && at <= model.newest);
        Ok((0..batch.len()).map(|index| batch.cursor_after(index)).chain([cursor]).collect())
    }

    fn matches(&self, key: &str) -> bool {
        self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}

fn plain(update: UpdateRef<'_>) -> Told {
    let state = match update.kind {
        UpdateKind::Put => State::Value(update.value.to_vec()),
        UpdateKind::Delete => State::Tombstone,
        UpdateKind::Purge(_) => State::Purged,
    };
    let version = update.version.as_u64().unwrap_or_default();
    Told { key: update.key.to_owned(), version, state }
}
