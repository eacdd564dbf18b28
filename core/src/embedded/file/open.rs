//! Opens a file once in this process, after it was checked.

use super::engine::FileEngine;
use super::error::still_open;
use super::files::guard::Guard;
use super::files::identity::Identity;
use super::files::{filesystem, space};
use super::limits::MAX_READERS;
use super::verify::verify;
use crate::embedded::database::Database;
use crate::embedded::engine::Engine;
use crate::kv::KvError;
use crate::lifecycle::fork::{self, Gate, Gated};
use crate::lock::Mutex;
use std::collections::HashMap;
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

type Databases = HashMap<Identity, OpenFile>;

struct OpenFile {
    path: PathBuf,
    database: Weak<Database<FileEngine>>,
}

/// How long a file that is being closed is waited for before it is opened again.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// The database in a file, shared by all who open it in this process, with one use of it.
pub(in crate::embedded) fn open(path: &Path) -> Result<Arc<Database<FileEngine>>, KvError> {
    let path = filesystem::check(path)?;
    let _pass = OPEN.gate.enter();
    let mut open = OPEN.databases.lock();
    open.retain(|_, file| file.database.strong_count() > 0);
    if let Some(database) = join(&open, &path) {
        return Ok(database);
    }
    wait_for_close(&path)?;
    // Beside what is no store at all, no lock file is made.
    verify(&path, true)?;
    let guard = Guard::take(&path)?;
    let in_use = guard.is_open_elsewhere();
    verify(&path, in_use)?;
    space::reserve(&path, guard.data(), guard.lock(), MAX_READERS, in_use)?;
    let identity = guard.identity();
    let database = Arc::new(Database::new(FileEngine::new(&path, guard)?));
    database.look_out();
    open.insert(identity, OpenFile { path, database: Arc::downgrade(&database) });
    Ok(database)
}

/// The database that this process has open in the file of this name, by whatever name.
fn join(open: &Databases, path: &Path) -> Option<Arc<Database<FileEngine>>> {
    let now = Identity::at(path);
    let mut found = None;
    for (identity, file) in open {
        if Some(*identity) != now && file.path != path {
            continue;
        }
        // One whose file was replaced, removed or moved lets go of it when it is asked.
        let Some(database) = file.database.upgrade().filter(|it| it.join()) else { continue };
        if Some(*identity) == now && database.engine.loss().is_none() {
            found = Some(database);
        } else {
            database.leave();
        }
    }
    found
}

/// Waits until this process has let go of the file.
fn wait_for_close(path: &Path) -> Result<(), KvError> {
    match heed::env_closing_event(path) {
        Some(closing) if !closing.wait_timeout(CLOSE_WAIT) => Err(still_open(path)),
        _ => Ok(()),
    }
}

impl Gated for OpenFiles {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn abandon(&self) {
        self.databases.lock().clear();
    }
}
