use super::FileEngine;
use super::environment::{MAX_READERS, still_open};
use super::filesystem;
use super::space;
use super::verify::verify;
use crate::embedded::database::Database;
use crate::fork::{self, Gate, Gated};
use crate::kv::KvError;
use crate::lock::Mutex;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

/// The files that this process has open: LMDB must not open one twice in a process.
static OPEN: LazyLock<Arc<OpenFiles>> = LazyLock::new(|| {
    let open = Arc::new(OpenFiles::default());
    fork::register(&open);
    open
});

#[derive(Default)]
struct OpenFiles {
    databases: Mutex<Databases>,
    gate: Gate,
}

type Databases = HashMap<PathBuf, OpenFile>;

struct OpenFile {
    identity: Option<(u64, u64)>,
    database: Weak<Database<FileEngine>>,
}

/// How long a file that is being closed is waited for before it is opened again.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// The database in a file, shared by all who open it in this process, with one use of it.
pub(in crate::embedded) fn open(path: &Path) -> Result<Arc<Database<FileEngine>>, KvError> {
    let path = filesystem::check(path)?;
    let _pass = OPEN.gate.enter();
    let mut open = OPEN.databases.lock();
    // Before the database is joined, so that a failure leaves no user behind.
    let now = identity_of(&path)?;
    if let Some(OpenFile { identity, database }) = open.get(&path)
        && let Some(database) = database.upgrade()
        && database.join()
    {
        if *identity == now {
            return Ok(database);
        }
        database.leave();
        return Err(KvError::ConnectionFailed(format!(
            "{} was replaced or removed while this process had it open; close every connection to \
             it first",
            path.display()
        )));
    }
    wait_for_close(&path)?;
    let in_use = is_open_elsewhere(&path);
    verify(&path, in_use)?;
    space::reserve(&path, MAX_READERS, in_use)?;
    let database = Arc::new(Database::new(FileEngine::new(&path)?));
    open.retain(|_, file| file.database.strong_count() > 0);
    let file = OpenFile { identity: identity_of(&path)?, database: Arc::downgrade(&database) };
    open.insert(path, file);
    Ok(database)
}

/// What tells a file from another one of the same name; nothing if there is none.
fn identity_of(path: &Path) -> Result<Option<(u64, u64)>, KvError> {
    match path.metadata() {
        Ok(file) => Ok(Some((file.dev(), file.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KvError::ConnectionFailed(format!("{}: {error}", path.display()))),
    }
}

/// Waits until this process has let go of the file. To open and close LMDB's lock file while it has
/// not would take from it the lock that keeps others from starting the lock file anew: such locks
/// belong to the process, and closing any descriptor of the file drops them.
fn wait_for_close(path: &Path) -> Result<(), KvError> {
    match heed::env_closing_event(path) {
        Some(closing) if !closing.wait_timeout(CLOSE_WAIT) => Err(still_open(path)),
        _ => Ok(()),
    }
}

/// Whether another process has the file open: it then holds a lock on LMDB's lock file. The lock is
/// asked about and not taken, so that a process that opens the file just now is not misled.
fn is_open_elsewhere(path: &Path) -> bool {
    use rustix::process::{Flock, FlockType, fcntl_getlk};
    let lock = OpenOptions::new().read(true).write(true).open(filesystem::lock_file(path));
    let Ok(lock) = lock else { return false };
    fcntl_getlk(&lock, &Flock::from(FlockType::WriteLock)).is_ok_and(|holder| holder.is_some())
}

impl Gated for OpenFiles {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn abandon(&self) {
        self.databases.lock().clear();
    }
}
