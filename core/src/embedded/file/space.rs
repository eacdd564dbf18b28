//! Is there room on the disk? LMDB does not ask, and a full disk must not end the process.

use super::filesystem::lock_file;
use crate::kv::KvError;
use rustix::fs::statvfs;
#[cfg(target_os = "linux")]
use rustix::fs::{FallocateFlags, fallocate};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::io;
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
pub(super) fn reserve(
    path: &Path,
    data: &File,
    lock: &File,
    readers: u32,
    in_use: bool,
) -> Result<(), KvError> {
    let fill = || {
        let length = lock.metadata()?.len();
        let needed = if in_use { length } else { length.max(size_of_lock(readers)) };
        if needed > 0 { fill(lock, length, needed) } else { Ok(()) }
    };
    fill().map_err(|error| failed(&lock_file(path), error))?;
    let keep = || if data.metadata()?.len() == 0 { keep(data, NEW_FILE) } else { Ok(()) };
    keep().map_err(|error| failed(path, error))
}

/// The length of LMDB's lock file as it is made here.
fn size_of_lock(readers: u32) -> u64 {
    HEADER + SLOT * u64::from(readers)
}

/// Whether a file of this length may be a lock file, made here or by LMDB.
pub(super) fn is_of_lock(length: u64, readers: u32) -> bool {
    (size_of_lock(readers) - HEADER..=size_of_lock(readers)).contains(&length)
}

/// Gives the file the space of its first `needed` bytes, and at least that length.
#[cfg(target_os = "linux")]
fn fill(file: &File, _length: u64, needed: u64) -> io::Result<()> {
    allocate(file, FallocateFlags::empty(), needed)
}

/// Gives an empty file space that it may grow into.
#[cfg(target_os = "linux")]
fn keep(file: &File, space: u64) -> io::Result<()> {
    allocate(file, FallocateFlags::KEEP_SIZE, space)
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, flags: FallocateFlags, length: u64) -> io::Result<()> {
    match fallocate(file, flags, 0, length) {
        // Where space cannot be reserved there is nothing better than to go on.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// macOS reserves space only behind the end of a file, and lets go of it at a last close: the lock
/// file is filled with zeros, which is what LMDB expects of a new one. What is there was filled by
/// the process that made it.
#[cfg(not(target_os = "linux"))]
fn fill(file: &File, length: u64, needed: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let missing = usize::try_from(needed.saturating_sub(length)).unwrap_or_default();
    file.write_all_at(&vec![0; missing], length)
}

/// The file is open in the guard as long as the store is, so macOS keeps the space for it.
#[cfg(target_vendor = "apple")]
fn keep(file: &File, space: u64) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let mut wanted = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: space as libc::off_t,
        fst_bytesalloc: 0,
    };
    // SAFETY: the descriptor is open as long as the file is borrowed, and the command reads and
    // writes one `fstore_t`, which outlives the call.
    #[allow(unsafe_code)]
    let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &raw mut wanted) };
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        _ if status != -1 => Ok(()),
        // Where space cannot be reserved there is nothing better than to go on.
        Some(libc::ENOTSUP | libc::EOPNOTSUPP | libc::EINVAL) => Ok(()),
        _ => Err(error),
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn keep(_file: &File, _space: u64) -> io::Result<()> {
    Ok(())
}

pub(super) fn failed(path: &Path, error: io::Error) -> KvError {
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
    use std::fs::OpenOptions;
    use std::os::unix::fs::MetadataExt;

    fn open(path: &Path) -> File {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
    }

    #[test]
    fn a_new_store_has_the_space_it_starts_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let (data, lock) = (open(&path), open(&lock_file(&path)));
        reserve(&path, &data, &lock, 4096, false).unwrap();
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
        let (data, lock) = (open(&path), open(&lock_file(&path)));
        reserve(&path, &data, &lock, 4096, true).unwrap();
        assert_eq!(std::fs::read(lock_file(&path)).unwrap(), [7; 100]);
    }

    #[test]
    fn a_disk_with_room_is_not_full() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_full(folder.path()));
    }
}
