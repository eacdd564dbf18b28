//! Durable puts on bare LMDB, to be compared with.

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};
use measure::{Clock, Measured, VALUE};
use std::path::Path;
use std::time::Duration;

/// LMDB as it comes: one row a put, one commit a put, each on disk before the next.
pub struct Puts<'e> {
    env: &'e Env,
    rows: Database<'e, Bytes, Bytes>,
    next: u64,
}

/// Makes an empty file.
pub fn create(path: &Path) -> heed::Result<Env> {
    let mut options = EnvOpenOptions::new();
    options.map_size(1 << 30);
    // SAFETY: the file is made in a directory of this run, and nobody else opens it.
    unsafe { options.flags(EnvFlags::NO_SUB_DIR).open(path) }
}

impl<'e> Puts<'e> {
    pub fn open(env: &'e Env) -> heed::Result<Self> {
        let txn = env.write_txn()?;
        let rows = env
            .create_databases_and_commit(txn, |opener, txn| {
                opener.create_database(txn, None).map(CommitOrAbort::<_, ()>::Commit)
            })?
            .unwrap_commit();
        Ok(Self { env, rows, next: 0 })
    }

    pub fn run(&mut self, time: Duration) -> heed::Result<Measured> {
        let clock = Clock::start();
        let first = self.next;
        while clock.elapsed() < time {
            let mut txn = self.env.write_txn()?;
            self.rows.put(&mut txn, format!("bare.{:08}", self.next).as_bytes(), &VALUE)?;
            txn.commit()?;
            self.next += 1;
        }
        Ok(clock.stop(self.next - first))
    }
}
