use super::FileEngine;
use super::filesystem;
use super::verify::verify;
use crate::embedded::database::Database;
use crate::kv::KvError;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};

/// The files that this process has open: LMDB must not open one twice in a process.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Weak<Database<FileEngine>>>>> =
    LazyLock::new(Mutex::default);

/// The database in a file, shared by all who open it in this process.
pub(in crate::embedded) fn open(path: &Path) -> Result<Arc<Database<FileEngine>>, KvError> {
    let path = filesystem::check(path)?;
    let mut open = OPEN.lock();
    if let Some(database) = open.get(&path).and_then(Weak::upgrade)
        && !database.is_inherited()
    {
        return Ok(database);
    }
    verify(&path, is_open_elsewhere(&path))?;
    let database = Arc::new(Database::new(FileEngine::new(&path)?));
    open.retain(|_, database| database.strong_count() > 0);
    open.insert(path, Arc::downgrade(&database));
    Ok(database)
}

/// Whether another process has the file open: it then holds a lock on LMDB's lock file. Taken and
/// given back at once, before this process has a lock of its own to lose.
fn is_open_elsewhere(path: &Path) -> bool {
    use rustix::fs::{FlockOperation, fcntl_lock};
    let lock = OpenOptions::new().read(true).write(true).open(filesystem::lock_file(path));
    let Ok(lock) = lock else { return false };
    let free = fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
    if free {
        // Closing the file gives the lock back as well.
        let _ = fcntl_lock(&lock, FlockOperation::Unlock);
    }
    !free
}
