//! A watch on an embedded store: a position in its log.

use super::database::{Database, SharedStore};
use super::engine::{Engine, STORE};
use super::link::Link;
use super::record::{Kind, Record, number};
use super::search::Search;
use crate::kv::key::KeySet;
use crate::kv::{
    BatchLimit, KvError, PurgeReason, UpdateBatch, UpdateKind, VersionToken, WatchCursor,
    WatchSource,
};
use crate::platform::clock;
use async_trait::async_trait;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::watch as signal;

/// A watch is a position in the log. The first state is the log from its start, a resume the log
/// after the cursor, and what is live the log as it grows: there is nothing to buffer and nothing
/// to lose, and a reader that stands still costs nothing.
pub(super) struct EmbeddedWatch<E: Engine> {
    link: Arc<Link<E>>,
    store: Arc<SharedStore>,
    keys: KeySet,
    from: From,
    /// Until it has read up to where the search ends.
    search: Option<Search>,
    bell: signal::Receiver<()>,
    closing: signal::Receiver<bool>,
    synced: bool,
    ended: bool,
}

/// Where a watch stands.
enum From {
    /// It has not read yet.
    Cursor(WatchCursor),
    /// It has read up to `position`. Removals up to `floor` were swept before it started, and are
    /// none that it could have missed.
    Position { position: u64, floor: u64 },
}

/// The most rows of the log that one view reads, so that a narrow prefix in a large store lets others
/// have their turn.
const ROWS_AT_ONCE: usize = 16_384;

/// The updates that one view of the log gave.
struct LogPage {
    batch: UpdateBatch,
    /// True if the view reached the end of the log.
    complete: bool,
}

impl<E: Engine> EmbeddedWatch<E> {
    pub(super) fn new(
        link: Arc<Link<E>>,
        store: Arc<SharedStore>,
        keys: KeySet,
        cursor: &WatchCursor,
    ) -> Result<Self, KvError> {
        cursor.check_numbered()?;
        link.database()?.keep();
        Ok(Self {
            bell: store.bell.subscribe(),
            closing: link.closing(),
            link,
            store,
            keys,
            from: From::Cursor(cursor.clone()),
            search: None,
            synced: false,
            ended: false,
        })
    }

    fn read(&mut self, limit: BatchLimit) -> Result<LogPage, KvError> {
        let database = self.link.database()?;
        let now = clock::now();
        let mut search = self.search.take();
        let (page, position, floor) = database.engine.read(|txn| {
            let meta = Database::<E>::meta(txn, &self.store).map_err(deleted)?;
            let (mut position, floor) = self.start(meta.tip, meta.floor)?;
            // Removals after the position were swept, so they can no longer be told (S5b).
            if meta.floor > position.max(floor) {
                return Err(KvError::CursorExpired);
            }
            let mut batch = UpdateBatch::default();
            let mut rows = 0;
            let mut complete = true;
            let search = search.get_or_insert_with(|| Search::new(&self.keys, position, meta.tip));
            let is_over = search.go_on(txn, self.store.id, &self.keys, ROWS_AT_ONCE)?;
            let until = if is_over { meta.tip } else { position };
            search.changes(txn, self.store.id, position, until, &mut |row, key, record| {
                if rows == ROWS_AT_ONCE
                    || batch.len() >= limit.items
                    || batch.bytes() >= limit.bytes
                {
                    complete = false;
                    return Ok(ControlFlow::Break(()));
                }
                rows += 1;
                position = number(&row[STORE..]);
                self.take(key, record, now, &mut batch)?;
                Ok(ControlFlow::Continue(()))
            })?;
            complete &= is_over;
            if complete {
                position = meta.tip;
            }
            let cursor = WatchCursor::from_u64(position).with_incarnation(meta.incarnation);
            // `now` is before this view of the store, which has nothing after its end.
            batch.set_frontier(if complete { cursor.with_time(now) } else { cursor });
            Ok((LogPage { batch, complete }, position, floor))
        })?;
        self.search = search.filter(|search| !search.is_past(position));
        self.from = From::Position { position, floor };
        Ok(page)
    }

    /// The position to read after, and the floor at which the watch began.
    fn start(&self, tip: u64, floor: u64) -> Result<(u64, u64), KvError> {
        let cursor = match &self.from {
            From::Position { position, floor } => return Ok((*position, *floor)),
            From::Cursor(cursor) => cursor,
        };
        let foreign = cursor.incarnation().is_some_and(|it| it != self.store.incarnation);
        match cursor.as_u64() {
            // Ahead of the store, or of another store of the same name.
            Some(position) if foreign || position > tip => Err(KvError::CursorExpired),
            Some(position) if position > 0 => Ok((position, 0)),
            _ => Ok((0, floor)),
        }
    }

    /// Adds the record of a key in the log, if it is watched.
    fn take(
        &self,
        key: &[u8],
        record: &[u8],
        now: u64,
        batch: &mut UpdateBatch,
    ) -> Result<(), KvError> {
        let name = std::str::from_utf8(key)
            .map_err(|_| KvError::DeserializationError("a stored key is damaged".into()))?;
        if !self.keys.is_everything() && !self.keys.contains(name) {
            return Ok(());
        }
        let record = Record::decode(record)?;
        let kind = match record.kind {
            // Its removal comes as soon as the keeper has marked it.
            Kind::Value if record.is_over(now) => return Ok(()),
            Kind::Value => UpdateKind::Put,
            Kind::Tombstone => UpdateKind::Delete,
            Kind::Purged => UpdateKind::Purge(PurgeReason::Purged),
            Kind::Expired => UpdateKind::Purge(PurgeReason::Expired),
        };
        batch.push(kind, name, record.value, VersionToken::from_u64(record.version));
        if record.kind == Kind::Value {
            batch.end_last_at(record.deadline);
        }
        Ok(())
    }
}

/// What it means to a watch that its store is not there.
fn deleted(error: KvError) -> KvError {
    match error {
        KvError::StoreNotFound => KvError::WatchError("the store was deleted".into()),
        error => error,
    }
}

#[async_trait]
impl<E: Engine> WatchSource for EmbeddedWatch<E> {
    async fn next_batch(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        if self.ended || self.keys.is_empty() {
            return Ok(None);
        }
        loop {
            // Before the log is read, so that what comes after it rings again.
            self.bell.mark_unchanged();
            let mut page = self.read(limit).inspect_err(|_| self.ended = true)?;
            let first_sync = page.complete && !self.synced;
            if first_sync {
                self.synced = true;
                page.batch.set_synced();
            }
            if first_sync || !page.batch.is_empty() {
                return Ok(Some(page.batch));
            }
            if !page.complete {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                biased;
                _ = self.closing.wait_for(|closing| *closing) => {
                    self.ended = true;
                    return Err(KvError::NotConnected);
                }
                // The watch holds the store, so its bell cannot be gone.
                _ = self.bell.changed() => {}
            }
        }
    }
}
