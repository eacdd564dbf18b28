//! The engine: an ordered map of tables, which the rules are written over.

use super::alarm::Alarm;
use crate::kv::{KvError, Write, Written};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The ordered maps that a store is made of. Every key but those of `Meta` starts with the four
/// bytes of its store's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Store name → the store's counters and configuration.
    Meta,
    /// Key → its last record.
    Entries,
    /// Version → the key it was the last write of. Overwriting a key removes its old row, so a
    /// resume is a range scan and a busy key costs nothing.
    Log,
    /// Deadline and version → the key that ends then.
    Expiry,
    /// Version → the key it removed: what compaction sweeps, oldest first.
    Markers,
}

impl Table {
    pub(super) const ALL: [Self; 5] =
        [Self::Meta, Self::Entries, Self::Log, Self::Expiry, Self::Markers];
}

/// Called with the key and the value of each row of a range, until it breaks.
pub(super) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, KvError> + 'a;

/// A consistent view of the tables.
pub(super) trait ReadTxn {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<&[u8]>, KvError>;

    /// Visits the rows from `from` up to, but without, `to`.
    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), KvError>;

    /// Visits the rows of `Log` from `from` up to `to`, each with the record it is of.
    fn changes(&self, from: &[u8], to: &[u8], visit: &mut VisitChange<'_>) -> Result<(), KvError> {
        self.range(Table::Log, from, to, &mut |row, name| {
            let key = [&row[..STORE], name].concat();
            match self.get(Table::Entries, &key)? {
                Some(record) => visit(row, name, record),
                None => Err(KvError::DeserializationError("a logged key has no record".into())),
            }
        })
    }
}

/// The bytes of a store's number, which rows start with.
pub(super) const STORE: usize = 4;

/// Called with each row of the log, the key it names and that key's record, until it breaks.
pub(super) type VisitChange<'a> =
    dyn FnMut(&[u8], &[u8], &[u8]) -> Result<ControlFlow<()>, KvError> + 'a;

/// A transaction that changes the tables: readers see all of it or nothing.
pub(super) trait WriteTxn: ReadTxn {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), KvError>;
    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), KvError>;
}

/// A store that was opened, by its name and its number. One that was deleted and made anew has
/// another number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) id: u32,
}

/// Keeps the tables.
pub(super) trait Engine: Send + Sync + 'static {
    /// True if a change or a close may wait for the disk or for another process.
    const BLOCKS: bool;

    /// Reads from one consistent view. Views must not be nested.
    fn read<T>(&self, read: impl FnOnce(&dyn ReadTxn) -> Result<T, KvError>) -> Result<T, KvError>;

    /// Uses the record of one key, if there is one, as [`read`](Self::read) would find it.
    fn record<T>(
        &self,
        key: &[u8],
        using: impl FnOnce(Option<&[u8]>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.read(|txn| using(txn.get(Table::Entries, key)?))
    }

    /// Changes the tables in one transaction. It is committed if `change` succeeds, and durable when
    /// this returns.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut dyn WriteTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError>;

    /// Submits one write of a store. An engine with expensive commits puts several writes into one.
    fn submit(&self, store: Named<'_>, write: Write<'_>) -> Submitted;

    /// The alarm that wakes the keeper.
    fn alarm(&self) -> Arc<dyn Alarm>;

    /// True if the tables have changed since the last call, by a writer that could not wake the
    /// watches itself: one in another process, or one that was cancelled.
    fn has_changes(&self) -> bool {
        false
    }

    /// The error of every further operation, if the engine has lost its file.
    fn loss(&self) -> Option<KvError> {
        None
    }

    /// Frees what killed processes left behind.
    fn tidy(&self) {}

    /// Ends the engine's threads and closes its files.
    fn close(&self) {}
}

/// The answer to a write: what it did, or why it was refused.
pub(super) type Answer = Result<Written, KvError>;

/// What became of a submitted write.
pub(super) enum Submitted {
    Done(Answer),
    /// The store is closed, so the write was not taken.
    Refused,
    Waiting(oneshot::Receiver<Answer>),
}

impl Submitted {
    pub(super) async fn outcome(self) -> Answer {
        match self {
            Self::Done(outcome) => outcome,
            Self::Refused => Err(KvError::NotConnected),
            // The thread that had the write would have answered if it had not made it (W9).
            Self::Waiting(outcome) => outcome.await.unwrap_or_else(|_| {
                let text = "the thread that writes ended before it answered";
                Err(KvError::ConnectionFailed(text.into()))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn w9_a_write_that_was_taken_and_not_answered_is_of_unknown_outcome() {
        let (reply, outcome) = oneshot::channel();
        drop(reply);
        let lost = Submitted::Waiting(outcome).outcome().await;
        assert!(matches!(lost, Err(KvError::ConnectionFailed(_))), "{lost:?}");
        let refused = Submitted::Refused.outcome().await;
        assert_eq!(refused, Err(KvError::NotConnected));
    }
}
