//! A link: one connection's use of a database.

use super::database::Database;
use super::engine::Engine;
use crate::kv::KvError;
use crate::lifecycle::lease::Lease;
use std::sync::Arc;
use tokio::sync::watch as signal;

/// One connection's use of a database, until it is shut down. Stores and watches hold the link and
/// not the database, so they keep no file open after the shutdown (L5).
pub(super) struct Link<E: Engine> {
    database: Lease<Arc<Database<E>>>,
    closing: signal::Sender<bool>,
}

impl<E: Engine> Link<E> {
    /// Takes over one use of the database.
    pub(super) fn new(database: Arc<Database<E>>) -> Self {
        Self { database: Lease::new(database), closing: signal::Sender::new(false) }
    }

    /// The database, while connected and in the process that connected.
    pub(super) fn database(&self) -> Result<Arc<Database<E>>, KvError> {
        Ok(self.database.get()?)
    }

    /// Uses the database, as [`database`](Self::database) would give it.
    pub(super) fn with<T>(
        &self,
        using: impl FnOnce(&Database<E>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.database.with(|database| using(database))?
    }

    /// True if it is open and the engine has not lost its file.
    pub(super) fn is_sound(&self) -> bool {
        self.database.with(|database| database.engine.loss().is_none()).unwrap_or(false)
    }

    /// Tells watches that the connection was shut down.
    pub(super) fn closing(&self) -> signal::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends the use. Twice is fine. The last connection waits for the database's threads to end.
    pub(super) fn shut_down(&self) {
        if let Ok(database) = self.database.close() {
            self.closing.send_replace(true);
            database.leave();
        }
    }
}

impl<E: Engine> Drop for Link<E> {
    /// Ends the use without waiting: the thread that drops the last handle may be one that many
    /// others need (L5).
    fn drop(&mut self) {
        if let Ok(database) = self.database.close() {
            self.closing.send_replace(true);
            database.leave_at_once();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::alarm::Alarm;
    use crate::embedded::engine::{Named, ReadTxn, Submitted, WriteTxn};
    use crate::embedded::memory::MemoryEngine;
    use crate::kv::Write;
    use crate::lock::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// An engine whose close waits until it is allowed to end.
    struct Held {
        engine: MemoryEngine,
        release: Mutex<Receiver<()>>,
        closed: Mutex<Sender<bool>>,
    }

    impl Engine for Held {
        const BLOCKS: bool = true;

        fn read<T>(
            &self,
            read: impl FnOnce(&dyn ReadTxn) -> Result<T, KvError>,
        ) -> Result<T, KvError> {
            self.engine.read(read)
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

        fn close(&self) {
            let released = self.release.lock().recv_timeout(PATIENCE).is_ok();
            self.closed.lock().send(released).unwrap();
        }
    }

    #[test]
    fn l5_dropping_the_last_handle_waits_for_no_thread() {
        let (allow, release) = channel();
        let (closed, closing) = channel();
        let engine = MemoryEngine::default();
        let held = Held { engine, release: Mutex::new(release), closed: Mutex::new(closed) };
        let link = Link::new(Arc::new(Database::new(held)));
        drop(link);
        allow.send(()).unwrap();
        assert_eq!(closing.recv_timeout(PATIENCE * 2), Ok(true), "the drop waited for the close");
    }
}
