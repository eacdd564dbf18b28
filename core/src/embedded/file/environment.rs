//! The LMDB environment of an open file.

use super::error::{failed, failed_at, failed_commit, foreign, still_open};
use super::files::guard::Guard;
use super::header;
use super::limits::{MAP_SIZE, MAX_READERS, MIN_MAP_SIZE};
use super::recent::Recent;
use super::tables::{Change, Databases, View, name};
use crate::embedded::engine::{ReadTxn, Table, WriteTxn};
use crate::kv::KvError;
use crate::lifecycle::fork::{Gate, Gated, register};
use crate::lock::RwLock;
use heed::{CommitOrAbort, Env, EnvFlags, EnvOpenOptions, MdbError, RoTxn, WithoutTls};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// An open LMDB environment.
pub(super) struct Environment {
    lmdb: RwLock<Option<Lmdb>>,
    recent: Recent,
    gate: Gate,
    path: PathBuf,
    /// Why nothing is read or written any longer: what happened to the file under its name, or that
    /// it was closed while it was in use.
    lost: OnceLock<KvError>,
}

struct Lmdb {
    env: Env<WithoutTls>,
    databases: Databases,
    /// The last field, so that it guards the file until LMDB has closed it.
    guard: Guard,
}

impl Drop for Lmdb {
    fn drop(&mut self) {
        self.guard.unsettle();
    }
}

/// How long closing waits for a transaction that is under way.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

impl Environment {
    /// Opens a file that `verify` has accepted, or makes it.
    pub(super) fn open(path: &Path, guard: Guard) -> Result<Arc<Self>, KvError> {
        let env = open_env(path)?;
        drop(read_txn(&env)?);
        guard.settle(&env.try_clone_inner_file().map_err(failed)?)?;
        clear_stale_readers(&env);
        let databases = open_databases(&env)
            .map_err(failed)?
            .ok_or_else(|| foreign(path, "it is an LMDB file with other contents"))?;
        make_header(&env, &databases, path)?;
        let environment = Arc::new(Self {
            lmdb: RwLock::new(Some(Lmdb { env, databases, guard })),
            recent: Recent::default(),
            gate: Gate::default(),
            path: path.to_owned(),
            lost: OnceLock::new(),
        });
        register(&environment);
        Ok(environment)
    }

    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&dyn ReadTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let _pass = self.gate.enter();
        let outcome = {
            let lmdb = self.lmdb.read();
            let Lmdb { env, databases, .. } = self.usable(&lmdb)?;
            let txn = read_txn(env)?;
            read(&View { txn: &txn, databases })
        };
        self.let_go_if_lost();
        outcome
    }

    /// Uses the record of one key, which may be one that was kept since the last commit.
    pub(super) fn record<T>(
        &self,
        key: &[u8],
        using: impl FnOnce(Option<&[u8]>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let _pass = self.gate.enter();
        let outcome = self.look_up(key, using);
        self.let_go_if_lost();
        outcome
    }

    fn look_up<T>(
        &self,
        key: &[u8],
        using: impl FnOnce(Option<&[u8]>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let lmdb = self.lmdb.read();
        let Lmdb { env, databases, .. } = self.usable(&lmdb)?;
        // The header is written before a commit is acknowledged, and names it.
        let last = env.info().last_txn_id as u64;
        {
            let kept = self.recent.since(last);
            if let Some(record) = kept.as_ref().and_then(|kept| kept.find(key)) {
                return using(Some(record));
            }
        }
        let txn = read_txn(env)?;
        let view = View { txn: &txn, databases };
        let record = view.get(Table::Entries, key)?;
        if let Some(record) = record {
            self.recent.keep(txn.id() as u64, key, record);
        }
        using(record)
    }

    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut dyn WriteTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let _pass = self.gate.enter();
        let outcome = self.commit(change);
        self.let_go_if_lost();
        outcome
    }

    fn commit<T>(
        &self,
        change: impl FnOnce(&mut dyn WriteTxn) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let lmdb = self.lmdb.read();
        let Lmdb { env, databases, guard } = self.usable(&lmdb)?;
        let mut txn = env.write_txn().map_err(failed)?;
        let outcome = change(&mut Change { txn: &mut txn, databases })?;
        txn.commit().map_err(|error| failed_commit(&self.path, error))?;
        // A write into a file that was removed, moved or replaced is not acknowledged.
        match guard.loss() {
            Some(loss) => Err(self.lost.get_or_init(|| loss).clone()),
            None => Ok(outcome),
        }
    }

    /// The error of every further operation, if the file was removed, moved or replaced. LMDB then
    /// closes it, as soon as nobody reads or writes.
    pub(super) fn loss(&self) -> Option<KvError> {
        let _pass = self.gate.enter();
        let loss = self.lmdb.read().as_ref().and_then(|lmdb| lmdb.guard.loss());
        if let Some(loss) = loss {
            self.lost.get_or_init(|| loss);
        }
        self.let_go_if_lost();
        self.lost.get().cloned()
    }

    /// Has LMDB close a file that was lost, unless somebody uses it: each use ends with this call.
    fn let_go_if_lost(&self) {
        if self.lost.get().is_some()
            && let Some(mut lmdb) = self.lmdb.try_write_for(Duration::ZERO)
        {
            lmdb.take();
        }
    }

    fn usable<'a>(&self, lmdb: &'a Option<Lmdb>) -> Result<&'a Lmdb, KvError> {
        match self.lost.get() {
            Some(lost) => Err(lost.clone()),
            None => lmdb.as_ref().ok_or(KvError::NotConnected),
        }
    }

    /// Frees the reader slots of processes that were killed: one that was killed while it read
    /// would keep old pages from being used again.
    pub(super) fn clear_stale_readers(&self) {
        let _pass = self.gate.enter();
        if let Some(lmdb) = &*self.lmdb.read() {
            clear_stale_readers(&lmdb.env);
        }
    }

    /// Lets go of the file. A writer that waits for another process keeps it, and lets go of it when
    /// it has written; nobody begins to read or write meanwhile.
    pub(super) fn close(&self) {
        let _pass = self.gate.enter();
        if let Some(mut lmdb) = self.lmdb.try_write_for(CLOSE_WAIT) {
            lmdb.take();
            return;
        }
        self.lost.get_or_init(|| KvError::NotConnected);
        let path = self.path.display();
        tracing::warn!(%path, "a closed file is still in use and stays open until that has ended");
        // The use may have ended just before.
        self.let_go_if_lost();
    }

    /// The number of the last commit by anyone.
    pub(super) fn last_commit(&self) -> Result<u64, KvError> {
        let _pass = self.gate.enter();
        let lmdb = self.lmdb.read();
        let env = &self.usable(&lmdb)?.env;
        Ok(read_txn(env)?.id() as u64)
    }
}

fn read_txn(env: &Env<WithoutTls>) -> Result<RoTxn<'_, WithoutTls>, KvError> {
    match env.read_txn() {
        Err(heed::Error::Mdb(MdbError::ReadersFull)) => {
            clear_stale_readers(env);
            env.read_txn().map_err(failed)
        }
        txn => txn.map_err(failed),
    }
}

fn clear_stale_readers(env: &Env<WithoutTls>) {
    if let Err(error) = env.clear_stale_readers() {
        tracing::warn!(%error, "the reader slots of killed processes were not freed");
    }
}

fn open_env(path: &Path) -> Result<Env<WithoutTls>, KvError> {
    let mut map_size = MAP_SIZE;
    loop {
        // LMDB's thread-local readers are not used: a thread that ends while another one closes the
        // file would write to memory that is no longer mapped.
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(map_size).max_readers(MAX_READERS).max_dbs(Table::ALL.len() as u32);
        // SAFETY: the flag only says that the path is a file and not a directory.
        #[allow(unsafe_code)]
        unsafe {
            options.flags(EnvFlags::NO_SUB_DIR);
        }
        // SAFETY: the file is mapped, so it must not be cut or written but through LMDB, on this
        // file system. Callers have checked the file's structure, refused network file systems
        // and made sure, by the guard, that this process does not have it open and that others
        // have it open through the same lock file; they open it through this same code.
        #[allow(unsafe_code)]
        match unsafe { options.open(path) } {
            Err(heed::Error::Io(error))
                if error.kind() == std::io::ErrorKind::OutOfMemory && map_size > MIN_MAP_SIZE =>
            {
                map_size /= 2;
            }
            Err(heed::Error::EnvAlreadyOpened) => return Err(still_open(path)),
            opened => return opened.map_err(|error| failed_at(path, error)),
        }
    }
}

/// Opens the tables, and makes them in a new file; nothing if the file holds something else.
fn open_databases(env: &Env<WithoutTls>) -> heed::Result<Option<Databases>> {
    let txn = env.read_txn()?;
    let opened = env.open_databases_and_commit(txn, |opener, txn| {
        let mut opened = Vec::new();
        for table in Table::ALL {
            let Some(database) = opener.open_database(txn, Some(name(table)))? else {
                let unnamed =
                    opener.open_database::<heed::types::Bytes, heed::types::Bytes>(txn, None)?;
                let empty = match unnamed {
                    Some(unnamed) => unnamed.is_empty(txn)?,
                    None => true,
                };
                return Ok::<_, heed::Error>(CommitOrAbort::Abort(empty));
            };
            opened.push(database);
        }
        let Ok(databases) = <[_; Table::ALL.len()]>::try_from(opened) else {
            return Ok(CommitOrAbort::Abort(false));
        };
        Ok(CommitOrAbort::Commit(databases))
    })?;
    match opened {
        CommitOrAbort::Commit(databases) => return Ok(Some(databases)),
        CommitOrAbort::Abort(false) => return Ok(None),
        CommitOrAbort::Abort(true) => {}
    }
    let txn = env.write_txn()?;
    let made = env.create_databases_and_commit(txn, |opener, txn| {
        let mut made = Vec::new();
        for table in Table::ALL {
            made.push(opener.create_database(txn, Some(name(table)))?);
        }
        let Ok(databases) = <[_; Table::ALL.len()]>::try_from(made) else {
            return Ok(CommitOrAbort::Abort(()));
        };
        Ok::<_, heed::Error>(CommitOrAbort::Commit(databases))
    })?;
    match made {
        CommitOrAbort::Commit(databases) => Ok(Some(databases)),
        CommitOrAbort::Abort(()) => Ok(None),
    }
}

/// Refuses a file of a format that this version does not know, and gives a new one its header.
fn make_header(env: &Env<WithoutTls>, databases: &Databases, path: &Path) -> Result<(), KvError> {
    let missing = {
        let txn = read_txn(env)?;
        header::is_missing(&View { txn: &txn, databases }, path)?
    };
    if missing {
        let mut txn = env.write_txn().map_err(failed)?;
        header::make(&mut Change { txn: &mut txn, databases }, path)?;
        txn.commit().map_err(|error| failed_commit(path, error))?;
    }
    Ok(())
}

impl Gated for Environment {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn abandon(&self) {
        // Closing here unmaps the child's copy and touches nothing of the parent's.
        self.lmdb.write().take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn l5_a_file_that_is_in_use_when_it_is_closed_is_let_go_of_at_the_end_of_the_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("state.db");
        let environment = Environment::open(&path, Guard::take(&path).unwrap()).unwrap();
        let (began, beginning) = channel();
        let (end, ending) = channel::<()>();
        let writing = thread::spawn({
            let environment = environment.clone();
            move || {
                environment.change(|_| {
                    began.send(()).unwrap();
                    ending.recv_timeout(PATIENCE).unwrap();
                    Ok(())
                })
            }
        });
        beginning.recv_timeout(PATIENCE).unwrap();
        environment.close();
        assert_eq!(environment.last_commit(), Err(KvError::NotConnected));
        assert!(heed::env_closing_event(&path).is_some(), "the writer has it open");
        end.send(()).unwrap();
        assert_eq!(writing.join().unwrap(), Ok(()));
        assert!(heed::env_closing_event(&path).is_none(), "the writer has let go of it");
    }
}
