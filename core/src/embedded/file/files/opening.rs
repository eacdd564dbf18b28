//! Opens the two files of a store, its data and LMDB's lock file beside it, and never another file
//! in their place: a link is not followed, and what is not ours is not written to.

use super::filesystem::check_kind;
use super::lock_file;
use crate::embedded::file::error::{cannot_make, cannot_open};
use crate::kv::KvError;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// Opens the data, if there is any.
pub(super) fn open_data(path: &Path) -> Result<Option<File>, KvError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let found = file.metadata().map_err(|error| cannot_open(path, &error.to_string()))?;
    check_kind(path, &found)?;
    Ok(Some(file))
}

/// Opens the lock file, if there is one, of data that is `beside` it or still to be made.
///
/// # Errors
/// `ConnectionFailed` for anything but an empty file or a lock file of LMDB, with one name, of the
/// owner of the data, of this user or of root.
pub(super) fn open_lock(path: &Path, beside: Option<&Metadata>) -> Result<Option<File>, KvError> {
    // Looked at before it is opened: to open a device or a pipe may have effects by itself.
    match path.symlink_metadata() {
        Ok(found) => lock_file::check(path, &found, beside)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_open(path, &error.to_string())),
    }
    let Some(file) = open(path)? else { return Ok(None) };
    let found = file.metadata().map_err(|error| cannot_open(path, &error.to_string()))?;
    lock_file::check(path, &found, beside)?;
    match lock_file::is_one(&file, found.len()) {
        Ok(true) => Ok(Some(file)),
        Ok(false) => Err(lock_file::in_the_way(path, "it holds something else")),
        Err(error) => Err(cannot_open(path, &error.to_string())),
    }
}

/// Makes a file that nobody but this user may read, or the owner of the data that is `beside` it.
/// Nothing if there is one meanwhile.
pub(super) fn make(path: &Path, beside: Option<&Metadata>) -> Result<Option<File>, KvError> {
    let made = options().create_new(true).mode(0o600).open(path);
    let file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(cannot_make(path, error)),
    };
    if let (Some(beside), Ok(made)) = (beside, file.metadata())
        && beside.uid() != made.uid()
        && let Err(error) = fchown(&file, Some(beside.uid()), Some(beside.gid()))
    {
        tracing::info!(%error, path = %path.display(), "it is not given to the data's owner");
    }
    Ok(Some(file))
}

/// Opens a file, if there is one. What became a link since it was looked at is an error.
fn open(path: &Path) -> Result<Option<File>, KvError> {
    match options().open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_make(path, error)),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Nothing is waited for, should it be a pipe by now.
    options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn refusal(path: &Path) -> String {
        let refusal = open_lock(path, None).expect_err("the file is refused");
        assert_eq!(refusal.code(), "ConnectionFailed");
        assert!(refusal.to_string().contains("move it away"), "{refusal}");
        refusal.to_string()
    }

    #[test]
    fn x2_what_is_not_a_lock_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let treasure = folder.path().join("treasure");
        fs::write(&treasure, b"gold").unwrap();
        let lock = folder.path().join("state.db-lock");
        symlink(&treasure, &lock).unwrap();
        assert!(refusal(&lock).contains("a symbolic link"));
        fs::remove_file(&lock).unwrap();
        fs::hard_link(&treasure, &lock).unwrap();
        assert!(refusal(&lock).contains("several hard links"));
        fs::remove_file(&lock).unwrap();
        fs::rename(&treasure, &lock).unwrap();
        assert!(refusal(&lock).contains("something else"));
        assert_eq!(fs::read(&lock).unwrap(), b"gold");
        fs::write(&lock, [0; 4096]).unwrap();
        assert!(refusal(&lock).contains("something else"));
        fs::remove_file(&lock).unwrap();
        fs::create_dir(&lock).unwrap();
        assert!(refusal(&lock).contains("not a file"));
    }

    #[test]
    fn x2_a_lock_file_is_made_once_and_opened_then() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("state.db-lock");
        assert!(open_lock(&lock, None).unwrap().is_none());
        assert!(make(&lock, None).unwrap().is_some());
        assert!(make(&lock, None).unwrap().is_none());
        assert!(open_lock(&lock, None).unwrap().is_some());
        fs::write(&lock, lock_file::MAGIC.to_ne_bytes().repeat(3)).unwrap();
        assert!(open_lock(&lock, None).unwrap().is_some());
    }
}
