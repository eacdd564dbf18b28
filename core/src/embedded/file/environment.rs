use super::guard::Guard;
use super::recent::Recent;
use super::space;
use super::tables::{Change, Databases, View, name};
use crate::embedded::engine::{ReadTxn, Table, WriteTxn};
use crate::fork::{Gate, Gated, register};
use crate::kv::KvError;
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
    /// What happened to the file under its name. Nothing is read or written any longer then.
    lost: OnceLock<KvError>,
}

struct Lmdb {
    env: Env<WithoutTls>,
    databases: Databases,
    /// It guards the file until LMDB has closed it, so it stands behind it.
    guard: Guard,
}

impl Drop for Lmdb {
    fn drop(&mut self) {
        self.guard.unsettle();
    }
}

/// Address space reserved for the file; it takes no memory. A file cannot outgrow it.
const MAP_SIZE: usize = 64 << 30;
/// The least that is tried where address space is limited.
const MIN_MAP_SIZE: usize = 1 << 30;
/// Threads that may read at once, in all processes together: a slot of 64 bytes each.
pub(super) const MAX_READERS: u32 = 4096;

/// How long closing waits for a transaction that is under way.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

impl Environment {
    /// Opens a file that was found to be sound, or makes it.
    pub(super) fn open(path: &Path, guard: Guard) -> Result<Arc<Self>, KvError> {
        let env = open_env(path)?;
        drop(read_txn(&env)?);
        guard.settle(&env.try_clone_inner_file().map_err(failed)?)?;
        clear_stale_readers(&env);
        let databases = open_databases(&env)
            .map_err(failed)?
            .ok_or_else(|| foreign(path, "it is an LMDB file with other contents"))?;
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
        let lmdb = self.lmdb.read();
        let Lmdb { env, databases, .. } = self.usable(&lmdb)?;
        let txn = read_txn(env)?;
        read(&View { txn: &txn, databases })
    }

    /// Uses the record of one key, which may be one that was kept since the last commit.
    pub(super) fn record<T>(
        &self,
        key: &[u8],
        using: impl FnOnce(Option<&[u8]>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let _pass = self.gate.enter();
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
        let lmdb = self.lmdb.read();
        let Lmdb { env, databases, guard } = self.usable(&lmdb)?;
        let mut txn = env.write_txn().map_err(failed)?;
        let outcome = change(&mut Change { txn: &mut txn, databases })?;
        txn.commit().map_err(|error| failed_commit(&self.path, error))?;
        // What went into a file that has no name any more, or another one, is not acknowledged.
        match guard.loss() {
            Some(loss) => Err(self.lost.get_or_init(|| loss).clone()),
            None => Ok(outcome),
        }
    }

    /// What happened to the file under its name, if anything did. LMDB then lets go of it, as soon
    /// as nobody reads or writes.
    pub(super) fn loss(&self) -> Option<KvError> {
        let _pass = self.gate.enter();
        let loss = self.lmdb.read().as_ref().and_then(|lmdb| lmdb.guard.loss());
        if let Some(loss) = loss {
            self.lost.get_or_init(|| loss);
        }
        let lost = self.lost.get()?;
        if let Some(mut lmdb) = self.lmdb.try_write_for(Duration::ZERO) {
            lmdb.take();
        }
        Some(lost.clone())
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

    /// Lets go of the file, once nobody reads or writes. A writer that waits for another process
    /// keeps it.
    pub(super) fn close(&self) {
        let _pass = self.gate.enter();
        if let Some(mut lmdb) = self.lmdb.try_write_for(CLOSE_WAIT) {
            lmdb.take();
        }
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

impl Gated for Environment {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn abandon(&self) {
        // Closing here unmaps the child's copy and touches nothing of the parent's.
        self.lmdb.write().take();
    }
}

/// What is said of a file that this process has not let go of.
pub(super) fn still_open(path: &Path) -> KvError {
    KvError::ConnectionFailed(format!(
        "{} is still open in this process: a connection to it is being closed, or the process \
         forked while it was in use; try again",
        path.display()
    ))
}

/// What is said of a file that is not ours.
pub(super) fn foreign(path: &Path, what: &str) -> KvError {
    KvError::ConnectionFailed(format!("{} is not a slipstream store: {what}", path.display()))
}

fn failed_at(path: &Path, error: heed::Error) -> KvError {
    match failed(error) {
        KvError::OperationFailed(message) | KvError::DeserializationError(message) => {
            KvError::ConnectionFailed(format!("{}: {message}", path.display()))
        }
        other => other,
    }
}

/// A commit that failed. LMDB calls it an input/output error if the disk took only a part of it.
fn failed_commit(path: &Path, error: heed::Error) -> KvError {
    match error {
        heed::Error::Io(_) if space::is_full(path) => {
            KvError::LimitExceeded("the disk is full: it did not take the whole commit".into())
        }
        // What the disk did not confirm may be there all the same (W9).
        heed::Error::Io(error) => match failed_io(&error) {
            KvError::OperationFailed(text) => {
                KvError::ConnectionFailed(format!("{}: the commit failed: {text}", path.display()))
            }
            error => error,
        },
        error => failed(error),
    }
}

/// An LMDB error as ours.
pub(super) fn failed(error: heed::Error) -> KvError {
    match error {
        heed::Error::Io(error) => failed_io(&error),
        heed::Error::Mdb(MdbError::MapFull) => KvError::LimitExceeded(format!(
            "the file has reached the {} GiB that are reserved for it",
            MAP_SIZE >> 30
        )),
        heed::Error::Mdb(MdbError::ReadersFull) => {
            KvError::LimitExceeded(format!("{MAX_READERS} threads read this file already"))
        }
        heed::Error::Mdb(MdbError::Panic) => KvError::OperationFailed(
            "an earlier write failed half-way; close the connection and connect again".into(),
        ),
        heed::Error::Mdb(
            error @ (MdbError::Corrupted
            | MdbError::PageNotFound
            | MdbError::Invalid
            | MdbError::VersionMismatch),
        ) => KvError::DeserializationError(format!(
            "the file is damaged ({error}); restore it from a backup"
        )),
        other => KvError::OperationFailed(other.to_string()),
    }
}

fn failed_io(error: &std::io::Error) -> KvError {
    use std::io::ErrorKind::{
        FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => {
            KvError::LimitExceeded(format!("the disk is full: {error}"))
        }
        PermissionDenied | ReadOnlyFilesystem => KvError::PermissionDenied(error.to_string()),
        _ => KvError::OperationFailed(error.to_string()),
    }
}
