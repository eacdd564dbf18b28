//! The reader of a watch, lent to one call at a time.
//!
//! A call hands the reader back when it ends or is given up. If the watch was closed meanwhile, the
//! reader is dropped instead. So nothing of a closed watch is left behind, whoever was reading.

use crate::kv::key::KeySet;
use crate::kv::{
    BatchLimit, ChannelWatch, Footprint, Gone, KvError, KvWatcher, UpdateBatch, WatchCursor,
    WatchSource,
};
use crate::lock::Mutex;
use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// Lends the reader of one watch.
pub(super) struct Lender {
    custody: Mutex<Custody>,
    /// Told when the reader was handed back.
    returned: Notify,
    /// Tells when the reader was dropped.
    dropped: Gone,
    /// Tells when nothing is left of the reader's source, once it has one that keeps something.
    removed: OnceLock<Gone>,
}

/// Who has the reader.
enum Custody {
    Here(Box<Reader>),
    Lent,
    /// The watch was closed: the reader was dropped, or is dropped by the call that has it.
    Closed,
}

/// The reader, as long as one call has it.
pub(super) struct Loan<'a> {
    lender: &'a Lender,
    /// Present until the end of the loan.
    reader: Option<Box<Reader>>,
}

/// What a watch is read by, and what was read ahead.
struct Reader {
    source: Source,
    ahead: VecDeque<UpdateBatch>,
    _footprint: Footprint,
}

enum Source {
    Open(Box<dyn WatchSource>),
    /// Opened when it is first read, for stores that are read through a channel.
    Unopened(Unopened),
    Ended(Result<(), KvError>),
}

struct Unopened {
    watcher: Arc<dyn KvWatcher>,
    keys: KeySet,
    cursor: WatchCursor,
}

impl Lender {
    /// Opens a watch, as far as the store can without a reader.
    pub(super) fn open(
        watcher: Arc<dyn KvWatcher>,
        keys: KeySet,
        cursor: &WatchCursor,
    ) -> Result<Self, KvError> {
        let source = match watcher.source(&keys, cursor).transpose()? {
            Some(source) => Source::Open(source),
            None => Source::Unopened(Unopened { watcher, keys, cursor: cursor.clone() }),
        };
        let removed = OnceLock::new();
        if let Source::Open(source) = &source {
            note(&removed, &**source);
        }
        let footprint = Footprint::new();
        let dropped = footprint.gone();
        let reader = Reader { source, ahead: VecDeque::new(), _footprint: footprint };
        let custody = Mutex::new(Custody::Here(Box::new(reader)));
        Ok(Self { custody, returned: Notify::new(), dropped, removed })
    }

    /// Waits for the reader; nothing once the watch was closed.
    pub(super) async fn lend(&self) -> Option<Loan<'_>> {
        loop {
            {
                let mut custody = self.custody.lock();
                match mem::replace(&mut *custody, Custody::Lent) {
                    Custody::Here(reader) => {
                        return Some(Loan { lender: self, reader: Some(reader) });
                    }
                    Custody::Lent => {}
                    Custody::Closed => {
                        *custody = Custody::Closed;
                        // The next who waits is told as well.
                        self.returned.notify_one();
                        return None;
                    }
                }
            }
            self.returned.notified().await;
        }
    }

    /// Drops the reader. If a call has it, that call drops it.
    pub(super) fn close(&self) {
        let custody = mem::replace(&mut *self.custody.lock(), Custody::Closed);
        // A source may take locks of its own when it is dropped.
        drop(custody);
        self.returned.notify_one();
    }

    /// Waits until nothing is left of a watch that was closed (S9); an error says why something
    /// stays.
    pub(super) async fn gone(&self) -> Result<(), KvError> {
        self.dropped.clone().wait().await?;
        match self.removed.get() {
            Some(removed) => removed.clone().wait().await,
            None => Ok(()),
        }
    }
}

impl Loan<'_> {
    /// The next batch: what was read ahead, or what comes; nothing once the watch has ended.
    pub(super) async fn next(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        let ahead = self.reader.as_mut().and_then(|reader| reader.ahead.pop_front());
        if ahead.is_some() {
            return Ok(ahead);
        }
        self.read(limit).await
    }

    /// Reads a batch, to be handed out later.
    pub(super) async fn read(&mut self, limit: BatchLimit) -> Result<Option<UpdateBatch>, KvError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        if let Source::Unopened(unopened) = &reader.source {
            let source = unopened.open();
            note(&self.lender.removed, &source);
            reader.source = Source::Open(Box::new(source));
        }
        let end = match &mut reader.source {
            Source::Open(source) => match source.next_batch(limit).await {
                Ok(Some(batch)) => return Ok(Some(batch)),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
            Source::Ended(end) => return end.clone().map(|()| None),
            Source::Unopened(_) => Ok(()),
        };
        reader.source = Source::Ended(end.clone());
        end.map(|()| None)
    }

    /// Keeps a batch, to be handed out next.
    pub(super) fn keep(&mut self, batch: UpdateBatch) {
        if let Some(reader) = &mut self.reader {
            reader.ahead.push_back(batch);
        }
    }

    /// True if the source tells when the first state is complete, or has ended.
    pub(super) fn marks_synced(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| match &reader.source {
            Source::Open(source) => source.marks_synced(),
            Source::Unopened(_) => false,
            Source::Ended(_) => true,
        })
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        let left = {
            let mut custody = self.lender.custody.lock();
            match *custody {
                Custody::Closed => Some(reader),
                Custody::Here(_) | Custody::Lent => {
                    *custody = Custody::Here(reader);
                    None
                }
            }
        };
        drop(left);
        self.lender.returned.notify_one();
    }
}

impl Unopened {
    fn open(&self) -> ChannelWatch {
        ChannelWatch::start(self.watcher.clone(), self.keys.clone(), &self.cursor)
    }
}

fn note(removed: &OnceLock<Gone>, source: &dyn WatchSource) {
    if let Some(gone) = source.gone() {
        removed.get_or_init(|| gone);
    }
}
