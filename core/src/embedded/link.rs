use super::database::Database;
use super::engine::Engine;
use crate::fork;
use crate::kv::KvError;
use crate::lock::RwLock;
use std::sync::Arc;
use tokio::sync::watch as signal;

/// One connection's hold on a database, until it is shut down. What was opened on the connection
/// holds the link, and so keeps no file open after the shutdown (L5).
pub(super) struct Link<E: Engine> {
    database: RwLock<Option<Arc<Database<E>>>>,
    closing: signal::Sender<bool>,
    generation: u64,
}

impl<E: Engine> Link<E> {
    /// Takes over one use of the database.
    pub(super) fn new(database: Arc<Database<E>>) -> Self {
        Self {
            database: RwLock::new(Some(database)),
            closing: signal::Sender::new(false),
            generation: fork::generation(),
        }
    }

    /// The database, while connected and in the process that connected.
    pub(super) fn database(&self) -> Result<Arc<Database<E>>, KvError> {
        if self.generation != fork::generation() {
            return Err(KvError::NotConnected);
        }
        self.database.read().clone().ok_or(KvError::NotConnected)
    }

    /// Whether it is connected to something that is still there.
    pub(super) fn is_sound(&self) -> bool {
        self.with(|database| Ok(database.engine.loss().is_none())).unwrap_or(false)
    }

    /// Uses the database, as [`database`](Self::database) would give it.
    pub(super) fn with<T>(
        &self,
        using: impl FnOnce(&Database<E>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        if self.generation != fork::generation() {
            return Err(KvError::NotConnected);
        }
        using(self.database.read().as_ref().ok_or(KvError::NotConnected)?)
    }

    /// Tells watches that the connection was shut down.
    pub(super) fn closing(&self) -> signal::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Ends the hold. Twice is fine. The last connection waits for the threads behind the database.
    pub(super) fn shut_down(&self) {
        let database = self.database.write().take();
        self.closing.send_replace(true);
        if let Some(database) = database {
            database.leave();
        }
    }
}

impl<E: Engine> Drop for Link<E> {
    fn drop(&mut self) {
        // In a forked child the lock may be held by a thread that is not there.
        if self.generation == fork::generation() {
            self.shut_down();
        }
    }
}
