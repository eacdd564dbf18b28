//! The engine in a file, as the rules use it.

use super::commit::commit;
use super::committer::Committer;
use super::doorbell::Doorbell;
use super::environment::Environment;
use super::files::guard::Guard;
use crate::embedded::alarm::Alarm;
use crate::embedded::engine::{Engine, Named, ReadTxn, Submitted, WriteTxn};
use crate::kv::{KvError, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The tables in a file.
pub(in crate::embedded) struct FileEngine {
    environment: Arc<Environment>,
    committer: Arc<Committer>,
    doorbell: Arc<Doorbell>,
    seen: AtomicU64,
}

impl FileEngine {
    pub(super) fn new(path: &Path, guard: Guard) -> Result<Self, KvError> {
        let environment = Environment::open(path, guard)?;
        let doorbell = Arc::new(Doorbell::new(path));
        let seen = AtomicU64::new(environment.last_commit()?);
        let committer = Committer::new({
            let environment = environment.clone();
            move |jobs| commit(&environment, jobs)
        });
        Ok(Self { environment, committer, doorbell, seen })
    }
}

impl Engine for FileEngine {
    const BLOCKS: bool = true;

    fn read<T>(&self, read: impl FnOnce(&dyn ReadTxn) -> Result<T, KvError>) -> Result<T, KvError> {
        self.environment.read(read)
    }

    fn record<T>(
        &self,
        key: &[u8],
        using: impl FnOnce(Option<&[u8]>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.environment.record(key, using)
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut dyn WriteTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.environment.change(change)
    }

    fn submit(&self, store: Named<'_>, write: Write<'_>) -> Submitted {
        self.committer.submit(store, write)
    }

    fn alarm(&self) -> Arc<dyn Alarm> {
        self.doorbell.clone()
    }

    fn has_changes(&self) -> bool {
        // If it cannot be read, the watches are woken, and their reads return the error.
        let Ok(last) = self.environment.last_commit() else { return true };
        self.seen.swap(last, Ordering::AcqRel) != last
    }

    fn loss(&self) -> Option<KvError> {
        self.environment.loss()
    }

    fn tidy(&self) {
        self.environment.clear_stale_readers();
    }

    fn close(&self) {
        self.committer.stop();
        self.environment.close();
    }
}
