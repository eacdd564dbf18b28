//! LMDB's lock file: its name, its length, and whether a file may be one.

use crate::embedded::file::error::cannot_open;
use crate::embedded::file::limits::MAX_READERS;
use crate::kv::KvError;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The number that LMDB's lock files start with, in the byte order of the machine.
pub(super) const MAGIC: u32 = 0xBEEF_C0DE;

/// The bytes of one reader's slot.
pub(super) const SLOT: u64 = 64;
/// More bytes than stand before the slots.
const HEADER: u64 = 4096;

/// The name of the file that LMDB keeps its locks in.
pub(super) fn name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    name.into()
}

/// The length of LMDB's lock file as it is made here.
pub(super) fn length(readers: u32) -> u64 {
    HEADER + SLOT * u64::from(readers)
}

/// True if a file of this length may be a lock file, made here or by LMDB.
fn is_length(found: u64) -> bool {
    let length = length(MAX_READERS);
    (length - HEADER..=length).contains(&found)
}

/// Checks that the file in the place of the lock file may be one, by its kind and owner.
pub(super) fn check(
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

/// True if the file is empty, is a lock file, or is reserved for one that LMDB has not begun to use.
pub(super) fn is_one(file: &File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut start = [0; 8];
    match file.read_exact_at(&mut start, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        read => read?,
    }
    // LMDB writes the number last, when it has made its locks.
    Ok(start.starts_with(&MAGIC.to_ne_bytes()) || (start == [0; 8] && is_length(length)))
}

pub(super) fn in_the_way(path: &Path, what: &str) -> KvError {
    cannot_open(
        path,
        &format!(
            "the store's locks are kept in a file of this name, and {what}; nothing was changed; \
             move it away, or give the store another name"
        ),
    )
}
