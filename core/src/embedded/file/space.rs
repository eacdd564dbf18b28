//! Is there room on the disk? LMDB does not ask, and a full disk must not end the process.

use super::filesystem::lock_file;
use crate::kv::KvError;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A reader's slot in LMDB's lock file.
const SLOT: u64 = 64;
/// More than what stands before the slots.
const HEADER: u64 = 4096;
/// With less than this left, a write that was not taken whole is put down to a full disk.
const NEXT_TO_NOTHING: u64 = 64 << 10;

/// The two headers that a new file starts with, at the largest page size.
const NEW_FILE: u64 = 2 * 0x8000;

/// Takes the disk space of LMDB's lock file, and of the start of a new store. LMDB itself makes a
/// lock file of holes and writes to it through memory, which ends the process where a hole cannot
/// be filled; and a store whose start was not taken whole cannot be opened again.
///
/// With `in_use`, another process has mapped the lock file as it is, so it must not grow.
///
/// # Errors
/// `LimitExceeded` on a full disk.
pub(super) fn reserve(path: &Path, readers: u32, in_use: bool) -> Result<(), KvError> {
    let (lock, length) = open_or_make(&lock_file(path))?;
    let slots = HEADER + SLOT * u64::from(readers);
    let needed = if in_use { length } else { length.max(slots) };
    allocate(&lock, FallocateFlags::empty(), needed)
        .map_err(|error| failed(&lock_file(path), error))?;
    let (file, length) = open_or_make(path)?;
    let needed = if length == 0 { NEW_FILE } else { 0 };
    allocate(&file, FallocateFlags::KEEP_SIZE, needed).map_err(|error| failed(path, error))
}

fn open_or_make(path: &Path) -> Result<(File, u64), KvError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).map_err(|error| failed(path, error))?;
    let length = file.metadata().map_err(|error| failed(path, error))?.len();
    Ok((file, length))
}

fn allocate(file: &File, flags: FallocateFlags, length: u64) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    match fallocate(file, flags, 0, length) {
        // Where space cannot be reserved there is nothing better than to go on.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn failed(path: &Path, error: io::Error) -> KvError {
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

/// Whether no more fits onto the disk, or into the file. LMDB tells of a write that was cut short
/// for that as of any other failure.
pub(super) fn is_full(path: &Path) -> bool {
    let disk = statvfs(path).is_ok_and(|disk| disk.f_bavail * disk.f_frsize < NEXT_TO_NOTHING);
    let length = path.metadata().map_or(0, |file| file.len());
    let limit = getrlimit(Resource::Fsize).current;
    disk || limit.is_some_and(|limit| length + NEXT_TO_NOTHING > limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_new_store_has_the_space_it_starts_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        reserve(&path, 4096, false).unwrap();
        let lock = lock_file(&path).metadata().unwrap();
        assert!(lock.len() >= 4096 * SLOT);
        assert!(lock.blocks() * 512 >= lock.len());
        let file = path.metadata().unwrap();
        assert_eq!(file.len(), 0);
        assert!(file.blocks() * 512 >= NEW_FILE);
    }

    #[test]
    fn a_lock_file_that_is_in_use_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        std::fs::write(lock_file(&path), [7; 100]).unwrap();
        std::fs::write(&path, b"").unwrap();
        reserve(&path, 4096, true).unwrap();
        assert_eq!(std::fs::read(lock_file(&path)).unwrap(), [7; 100]);
    }

    #[test]
    fn a_disk_with_room_is_not_full() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_full(folder.path()));
    }
}
