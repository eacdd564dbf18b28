//! The disk: reserves room for a file on it, and tells whether it is full.

use rustix::fs::statvfs;
#[cfg(target_os = "linux")]
use rustix::fs::{FallocateFlags, fallocate};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::io;
use std::path::Path;

/// If less than this is left, a full disk is taken to be why a write was cut short.
const NEXT_TO_NOTHING: u64 = 64 << 10;

/// Gives the file the space of its first `needed` bytes, and at least that length.
#[cfg(target_os = "linux")]
pub(crate) fn fill(file: &File, _length: u64, needed: u64) -> io::Result<()> {
    allocate(file, FallocateFlags::empty(), needed)
}

/// Reserves space that an empty file may grow into.
#[cfg(target_os = "linux")]
pub(crate) fn keep(file: &File, space: u64) -> io::Result<()> {
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
pub(crate) fn fill(file: &File, length: u64, needed: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let missing = usize::try_from(needed.saturating_sub(length)).unwrap_or_default();
    file.write_all_at(&vec![0; missing], length)
}

/// The file is open in the guard as long as the store is, so macOS keeps the space for it.
#[cfg(target_vendor = "apple")]
pub(crate) fn keep(file: &File, space: u64) -> io::Result<()> {
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
pub(crate) fn keep(_file: &File, _space: u64) -> io::Result<()> {
    Ok(())
}

/// True if no more fits onto the disk or into the file. LMDB reports a write that was cut short for
/// that reason like any other failure.
pub(crate) fn is_full(path: &Path) -> bool {
    let disk = statvfs(path).is_ok_and(|disk| disk.f_bavail * disk.f_frsize < NEXT_TO_NOTHING);
    let length = path.metadata().map_or(0, |file| file.len());
    let limit = getrlimit(Resource::Fsize).current;
    disk || limit.is_some_and(|limit| length + NEXT_TO_NOTHING > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_room_is_not_full() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_full(folder.path()));
    }
}
