//! The engine in a file: LMDB, which several processes may have open at once.
//!
//! `guard` keeps others from opening the file through other locks, with `files` and `range_lock`.
//! `environment` is LMDB itself, `recent` what was read of it since the last commit,
//! `committer` the thread that does several writes in one commit,
//! `doorbell` how this process hears of other processes' commits.

mod committer;
mod doorbell;
mod environment;
mod files;
mod filesystem;
mod guard;
mod open;
mod range_lock;
mod recent;
mod space;
mod tables;
mod verify;

pub(super) use open::open;

use self::committer::Committer;
use self::doorbell::Doorbell;
use self::environment::Environment;
use self::guard::Guard;
use super::alarm::Alarm;
use super::engine::{Engine, ReadTxn, Submitted, WriteTxn};
use super::rules::Write;
use crate::kv::KvError;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The tables in a file.
pub(super) struct FileEngine {
    environment: Arc<Environment>,
    committer: Arc<Committer>,
    doorbell: Arc<Doorbell>,
    seen: AtomicU64,
}

impl FileEngine {
    fn new(path: &Path, guard: Guard) -> Result<Self, KvError> {
        let environment = Environment::open(path, guard)?;
        let doorbell = Arc::new(Doorbell::new(path));
        let seen = AtomicU64::new(environment.last_commit()?);
        let committer = Committer::new(environment.clone());
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

    fn submit(&self, store: &str, write: Write<'_>) -> Submitted {
        self.committer.submit(store, write)
    }

    fn alarm(&self) -> Arc<dyn Alarm> {
        self.doorbell.clone()
    }

    fn has_changes(&self) -> bool {
        // What cannot be read is told by the reads of those who are rung for.
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
