//! The guard of an open store: nobody else opens its data through another lock file, or its lock
//! file for other data, and this process opens it once.
//!
//! LMDB keeps writers apart by what is in the lock file beside the name that was opened. So whoever
//! has a store open holds locks on bytes of both files, far beyond what LMDB uses. A byte of the
//! data names the lock file, and a byte of the lock file names the data: who holds another byte than
//! one's own has put the two together otherwise, and one of both is refused. A further byte of the
//! data names the process, for a second copy of this library in it has a lock of its own for
//! everything else.
//!
//! These locks, and those of LMDB which [`Guard::settle`] takes over, belong to the open files: a
//! process that opens and closes the lock file for a backup does not lose them.

use super::identity::{self, Identity};
use super::lock_file;
use super::opening;
use crate::embedded::file::error::cannot_open;
use crate::kv::KvError;
use crate::platform::range_lock::{self, Holder, Sharing};
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Both files of a store, guarded. It ends when it is dropped, which comes after LMDB's end.
pub(in crate::embedded::file) struct Guard {
    path: PathBuf,
    data: File,
    lock: File,
    identity: Identity,
    process: u32,
}

/// The bytes of the data that name processes.
const PROCESSES: u64 = 1 << 61;
/// The bytes of either file that name the other one.
const PARTNERS: Range<u64> = 1 << 62..(1 << 62) + NUMBERS;
/// How many bytes there are to choose from.
const NUMBERS: u64 = 1 << 60;
/// The bytes of the lock file that LMDB takes locks on: the first, and those of process numbers.
const LMDB: Range<u64> = 0..1 << 40;
/// The one that LMDB holds as long as the store is open: who gets it alone starts the file anew.
const IN_USE: Range<u64> = 0..1;

/// How long others are waited for, who may be about to close the store or to notice that it was
/// replaced.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The outcome of an attempt to guard a store.
enum Attempt {
    Guarded(Guard),
    /// One of the files was made or replaced meanwhile.
    Changed,
    /// Others have it open, in a way that cannot be shared.
    InUse(String),
}

impl Guard {
    /// Opens both files, or makes them, and guards them.
    ///
    /// # Errors
    /// `ConnectionFailed` where another file is in the place of the lock file, where the data is
    /// open through another lock file, and where another copy of this library in this process has
    /// it open.
    pub(in crate::embedded::file) fn take(path: &Path) -> Result<Self, KvError> {
        let until = Instant::now() + WAIT_FOR_OTHERS;
        loop {
            let why = match Self::attempt(path)? {
                Attempt::Guarded(guard) => return Ok(guard),
                Attempt::Changed => "it, or its lock file, is replaced all the time".into(),
                Attempt::InUse(why) => why,
            };
            if Instant::now() > until {
                return Err(cannot_open(path, &why));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn attempt(path: &Path) -> Result<Attempt, KvError> {
        let failed = |error: io::Error| cannot_open(path, &error.to_string());
        let lock_path = lock_file::name(path);
        let data = match opening::open_data(path)? {
            Some(data) => data,
            None => {
                // Where there can be no lock file, no data is made.
                opening::open_lock(&lock_path, None)?;
                let Some(data) = opening::make(path, None)? else { return Ok(Attempt::Changed) };
                data
            }
        };
        let found = data.metadata().map_err(failed)?;
        let identity = Identity::of(&found);
        let process = std::process::id();
        // With this no other copy in this process has the lock file open, whose locks would be
        // dropped when it is closed here.
        let own = byte(PROCESSES, own_number(process));
        if !range_lock::take(&data, Sharing::Exclusive, own).map_err(failed)? {
            return Ok(Attempt::InUse(
                "this process has it open already, through another copy of slipstream; have the \
                 process load one copy of the package, or close the file there first"
                    .into(),
            ));
        }
        let lock = match opening::open_lock(&lock_path, Some(&found))? {
            Some(lock) => lock,
            None if range_lock::holder(&data, PARTNERS).map_err(failed)?.is_some() => {
                return Ok(Attempt::InUse(two_locks(&lock_path)));
            }
            None => match opening::make(&lock_path, Some(&found))? {
                Some(lock) => lock,
                None => return Ok(Attempt::Changed),
            },
        };
        let beside = Identity::of(&lock.metadata().map_err(failed)?);
        let guard = Self { path: path.to_owned(), data, lock, identity, process };
        if has_another_partner(&guard.data, beside).map_err(failed)? {
            return Ok(Attempt::InUse(two_locks(&lock_path)));
        }
        if has_another_partner(&guard.lock, identity).map_err(failed)? {
            return Ok(Attempt::InUse(
                "a process still has an earlier file of this name open, which was moved or \
                 removed; close it there first"
                    .into(),
            ));
        }
        let named =
            Identity::at(path) == Some(identity) && Identity::at(&lock_path) == Some(beside);
        Ok(if named { Attempt::Guarded(guard) } else { Attempt::Changed })
    }

    /// The identity of the data.
    pub(in crate::embedded::file) fn identity(&self) -> Identity {
        self.identity
    }

    pub(in crate::embedded::file) fn data(&self) -> &File {
        &self.data
    }

    pub(in crate::embedded::file) fn lock(&self) -> &File {
        &self.lock
    }

    /// True if another process has the store open in LMDB. Must be called before LMDB opens it here.
    /// The lock is only queried and not taken, which would mislead a process that opens the file now.
    pub(in crate::embedded::file) fn is_open_elsewhere(&self) -> bool {
        range_lock::holder(&self.lock, LMDB).is_ok_and(|holder| holder.is_some())
    }

    /// Makes sure that LMDB has opened these two files, whose name it was given, and takes over the
    /// locks that it took. Called once LMDB has read: its lock of a process that reads is then
    /// there.
    pub(in crate::embedded::file) fn settle(&self, opened: &File) -> Result<(), KvError> {
        let failed = |error: io::Error| cannot_open(&self.path, &error.to_string());
        let reader = byte(0, self.process.into());
        let same = Identity::of(&opened.metadata().map_err(failed)?) == self.identity
            && range_lock::holder(&self.lock, reader.clone()).map_err(failed)?
                == Some(Holder::Process(self.process));
        if !same {
            return Err(cannot_open(&self.path, "it was replaced while it was being opened"));
        }
        range_lock::give_back_of_process(&self.lock, reader.clone()).map_err(failed)?;
        let taken = range_lock::take(&self.lock, Sharing::Exclusive, reader).map_err(failed)?
            && range_lock::take(&self.lock, Sharing::Shared, IN_USE).map_err(failed)?;
        if taken { Ok(()) } else { Err(cannot_open(&self.path, "its locks were taken by another")) }
    }

    /// Gives LMDB's locks back to it, which is about to close.
    pub(in crate::embedded::file) fn unsettle(&self) {
        self.give_back(&self.lock, LMDB);
    }

    /// The error of every further operation, if the data was removed, moved or replaced.
    pub(in crate::embedded::file) fn loss(&self) -> Option<KvError> {
        let what = match fs::symlink_metadata(&self.path) {
            Ok(found) if Identity::of(&found) == self.identity => return None,
            Ok(_) => "replaced by another file",
            Err(error) if is_missing(&error) => match self.data.metadata() {
                Ok(data) if identity::is_removed(&data) => "removed",
                _ => "moved to another place",
            },
            // A failed look says nothing about the file.
            Err(_) => return None,
        };
        Some(KvError::ConnectionFailed(format!(
            "{} was {what} while this process had it open; connect again",
            self.path.display()
        )))
    }

    /// Locks are handed on to forked children, and are given back for them too; a child itself
    /// gives none back, for that would take them from its parent.
    fn give_back(&self, file: &File, bytes: Range<u64>) {
        if std::process::id() == self.process
            && let Err(error) = range_lock::give_back(file, bytes)
        {
            tracing::warn!(%error, "locks of a file were not given back");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.give_back(&self.lock, 0..PARTNERS.end);
        self.give_back(&self.data, 0..PARTNERS.end);
    }
}

/// Names the other file, and finds out whether somebody names another one. One's own comes first,
/// so that of two that come at once one at least sees the other.
fn has_another_partner(file: &File, other: Identity) -> io::Result<bool> {
    let own = byte(PARTNERS.start, other.number());
    let others = [PARTNERS.start..own.start, own.end..PARTNERS.end];
    if !range_lock::take(file, Sharing::Shared, own)? {
        return Ok(true);
    }
    for bytes in others {
        if range_lock::holder(file, bytes)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn byte(start: u64, number: u64) -> Range<u64> {
    let at = start + number % NUMBERS;
    at..at + 1
}

/// A number for this process: another one that has the same process number, in another container,
/// has another one.
fn own_number(process: u32) -> u64 {
    let started = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name, in brackets, and may hold anything.
    let started = started.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19));
    let namespace = fs::metadata("/proc/self/ns/pid").map(|it| Identity::of(&it).number());
    identity::number(format!("{process} {started:?} {:?}", namespace.ok()).as_bytes())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn two_locks(lock: &Path) -> String {
    format!(
        "it is open already, through another lock file: it was mounted without its folder, or it \
         was renamed or {} removed while it was open; mount the folder that it is in, or close it \
         everywhere and open it by one name",
        lock.display()
    )
}

#[cfg(test)]
mod tests;
