//! Is there room on the disk? LMDB does not ask, and a full disk must not end the process.

use super::lock_file;
use crate::embedded::file::error::cannot_make;
use crate::kv::KvError;
use crate::platform::disk::{fill, keep};
use std::fs::File;
use std::path::Path;

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
pub(in crate::embedded::file) fn reserve(
    path: &Path,
    data: &File,
    lock: &File,
    readers: u32,
    in_use: bool,
) -> Result<(), KvError> {
    let fill = || {
        let length = lock.metadata()?.len();
        let needed = if in_use { length } else { length.max(lock_file::length(readers)) };
        if needed > 0 { fill(lock, length, needed) } else { Ok(()) }
    };
    fill().map_err(|error| cannot_make(&lock_file::name(path), error))?;
    let keep = || if data.metadata()?.len() == 0 { keep(data, NEW_FILE) } else { Ok(()) };
    keep().map_err(|error| cannot_make(path, error))
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
        let (data, lock) = (open(&path), open(&lock_file::name(&path)));
        reserve(&path, &data, &lock, 4096, false).unwrap();
        let lock = lock_file::name(&path).metadata().unwrap();
        assert!(lock.len() >= 4096 * lock_file::SLOT);
        assert!(lock.blocks() * 512 >= lock.len());
        let file = path.metadata().unwrap();
        assert_eq!(file.len(), 0);
        assert!(file.blocks() * 512 >= NEW_FILE);
    }

    #[test]
    fn a_lock_file_that_is_in_use_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        std::fs::write(lock_file::name(&path), [7; 100]).unwrap();
        std::fs::write(&path, b"").unwrap();
        let (data, lock) = (open(&path), open(&lock_file::name(&path)));
        reserve(&path, &data, &lock, 4096, true).unwrap();
        assert_eq!(std::fs::read(lock_file::name(&path)).unwrap(), [7; 100]);
    }
}
