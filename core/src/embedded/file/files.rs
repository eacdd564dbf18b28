//! Opens the two files of a store, its data and LMDB's lock file beside it, and never another file
//! in their place: a link is not followed, and what is not ours is not written to.

use super::environment::MAX_READERS;
use super::filesystem::{check_kind, failed};
use super::space;
use crate::kv::KvError;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// What LMDB's lock files start with, in the byte order of the machine.
const LOCK_MAGIC: u32 = 0xBEEF_C0DE;

impl Identity {
    pub(super) fn of(file: &Metadata) -> Self {
        Self { device: file.dev(), inode: file.ino() }
    }

    /// The file that has a name now.
    pub(super) fn at(path: &Path) -> Option<Self> {
        path.symlink_metadata().ok().map(|file| Self::of(&file))
    }

    /// A number of 64 bits that stands for it.
    pub(super) fn number(self) -> u64 {
        number(format!("{} {}", self.device, self.inode).as_bytes())
    }
}

/// A number that stands for the bytes: FNV-1a. Every copy of this library, of every version, must
/// come to the same one.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Whether a file that is open has no name any more.
pub(super) fn is_removed(file: &Metadata) -> bool {
    file.nlink() == 0
}

/// Opens the data, if there is any.
pub(super) fn open_data(path: &Path) -> Result<Option<File>, KvError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let found = file.metadata().map_err(|error| failed(path, &error.to_string()))?;
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
        Ok(found) => check_lock(path, &found, beside)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, &error.to_string())),
    }
    let Some(file) = open(path)? else { return Ok(None) };
    let found = file.metadata().map_err(|error| failed(path, &error.to_string()))?;
    check_lock(path, &found, beside)?;
    match is_lock(&file, found.len()) {
        Ok(true) => Ok(Some(file)),
        Ok(false) => Err(in_the_way(path, "it holds something else")),
        Err(error) => Err(failed(path, &error.to_string())),
    }
}

/// Makes a file that nobody but this user may read, or the owner of the data that is `beside` it.
/// Nothing if there is one meanwhile.
pub(super) fn make(path: &Path, beside: Option<&Metadata>) -> Result<Option<File>, KvError> {
    let made = options().create_new(true).mode(0o600).open(path);
    let file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(space::failed(path, error)),
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
        Err(error) => Err(space::failed(path, error)),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Nothing is waited for, should it be a pipe by now.
    options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

/// Checks that what stands in the place of the lock file may be one.
pub(super) fn check_lock(
    path: &Path,
    found: &Metadata,
    beside: Option<&Metadata>,
) -> Result<(), KvError> {
    let user = rustix::process::geteuid().as_raw();
    let owner = found.uid();
    let kind = found.file_type();
    let what = match () {
        () if kind.is_symlink() => "it is a symbolic link",
        () if !kind.is_file() => "it is not a file",
        () if found.nlink() > 1 => "it has several hard links",
        () if owner != user && owner != 0 && beside.is_none_or(|data| data.uid() != owner) => {
            "it belongs to another user than the store"
        }
        () => return Ok(()),
    };
    Err(in_the_way(path, what))
}

/// Whether it is empty, a lock file, or the space of one that LMDB has not begun to use.
fn is_lock(file: &File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut start = [0; 8];
    match file.read_exact_at(&mut start, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        read => read?,
    }
    // LMDB writes the number last, when it has made its locks.
    Ok(start.starts_with(&LOCK_MAGIC.to_ne_bytes())
        || (start == [0; 8] && space::is_of_lock(length, MAX_READERS)))
}

fn in_the_way(path: &Path, what: &str) -> KvError {
    failed(
        path,
        &format!(
            "the store's locks are kept in a file of this name, and {what}; nothing was changed; \
             move it away, or give the store another name"
        ),
    )
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
        fs::write(&lock, LOCK_MAGIC.to_ne_bytes().repeat(3)).unwrap();
        assert!(open_lock(&lock, None).unwrap().is_some());
    }

    #[test]
    fn l7_a_number_is_the_same_in_every_version() {
        assert_eq!(number(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(number(b"a"), 0xAF63_DC4C_8601_EC8C);
    }
}
