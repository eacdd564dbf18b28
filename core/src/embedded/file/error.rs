//! Errors of the file engine: translates those of the system and of LMDB.

use super::limits::{MAP_SIZE, MAX_READERS};
use crate::kv::KvError;
use crate::platform::disk::is_full;
use heed::MdbError;
use std::io;
use std::path::Path;

/// The error for a path that the system refuses.
pub(super) fn refused(path: &Path, error: &io::Error) -> KvError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => denied(path, &error.to_string()),
        _ => cannot_open(path, &error.to_string()),
    }
}

/// The error for a path that this user, or nobody, may write.
pub(super) fn denied(path: &Path, why: &str) -> KvError {
    KvError::PermissionDenied(format!("{} cannot be opened: {why}", path.display()))
}

/// The error for a path that cannot hold a store.
pub(super) fn cannot_open(path: &Path, why: &str) -> KvError {
    KvError::ConnectionFailed(format!("{} cannot be opened: {why}", path.display()))
}

/// The error for a file that cannot be made.
pub(super) fn cannot_make(path: &Path, error: io::Error) -> KvError {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            KvError::LimitExceeded(format!("the disk is full: there is no room for {path}"))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            KvError::PermissionDenied(format!("{path} cannot be made: {error}"))
        }
        _ => KvError::ConnectionFailed(format!("{path} cannot be made: {error}")),
    }
}

/// The error for a file that this process has not closed yet.
pub(super) fn still_open(path: &Path) -> KvError {
    KvError::ConnectionFailed(format!(
        "{} is still open in this process: a connection to it is being closed, or the process \
         forked while it was in use; try again",
        path.display()
    ))
}

/// The error for a file that is no store.
pub(super) fn foreign(path: &Path, what: &str) -> KvError {
    KvError::ConnectionFailed(format!("{} is not a slipstream store: {what}", path.display()))
}

pub(super) fn failed_at(path: &Path, error: heed::Error) -> KvError {
    match failed(error) {
        KvError::OperationFailed(message) | KvError::DeserializationError(message) => {
            KvError::ConnectionFailed(format!("{}: {message}", path.display()))
        }
        other => other,
    }
}

/// A commit that failed. LMDB calls it an input/output error if the disk took only a part of it.
pub(super) fn failed_commit(path: &Path, error: heed::Error) -> KvError {
    match error {
        heed::Error::Io(_) if is_full(path) => {
            KvError::LimitExceeded("the disk is full: it did not take the whole commit".into())
        }
        // The disk may hold a commit that it did not confirm (W9).
        heed::Error::Io(error) => match failed_io(&error) {
            KvError::OperationFailed(text) => {
                KvError::ConnectionFailed(format!("{}: the commit failed: {text}", path.display()))
            }
            error => error,
        },
        error => failed(error),
    }
}

/// Translates an error of LMDB.
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
            error @ (MdbError::Corrupted | MdbError::PageNotFound | MdbError::Invalid),
        ) => KvError::DeserializationError(format!(
            "the file is damaged ({error}); restore it from a backup"
        )),
        // The file's own version was checked before, so this is that of the lock file.
        heed::Error::Mdb(MdbError::VersionMismatch) => KvError::OperationFailed(
            "a program with another version of LMDB has the file open; nothing is damaged: close \
             that program, or use the same version of slipstream in both"
                .into(),
        ),
        other => KvError::OperationFailed(other.to_string()),
    }
}

fn failed_io(error: &io::Error) -> KvError {
    use io::ErrorKind::{
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
