//! Verifies a file before LMDB maps it.
//!
//! LMDB trusts every offset in its file, so one flipped bit or a lost tail can end the whole process.
//! Everything that LMDB would follow is followed here first, with plain reads and strict bounds.
//! Checksums are compared on the way: a flipped bit in a key would hide its record from readers.

mod bytes;
mod fault;
mod meta;
mod page;
#[cfg(test)]
mod tests;
mod tree;

use self::bytes::read;
use self::fault::Fault;
use crate::kv::KvError;
use std::fs::File;
use std::io;
use std::path::Path;

/// Checks that LMDB can open `path` without harm to the process. A missing or empty file is fine:
/// it is a new store. The file is only read.
///
/// With `in_use`, another process has the file open and may be writing: then only what never
/// changes is checked, the two headers.
///
/// # Errors
/// `ConnectionFailed` for a file of another format and for a damaged one, `PermissionDenied` where
/// it may not be read.
pub(crate) fn verify(path: &Path, in_use: bool) -> Result<(), KvError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Fault::Read(error).of(path)),
    };
    check(&file, in_use).map_err(|fault| fault.of(path))
}

fn check(file: &File, in_use: bool) -> Result<(), Fault> {
    // Another process may open the file and write while it is walked here, whereupon pages of the
    // snapshot that is being walked are used again. That is no damage, and it shows at the start
    // of the file.
    for _ in 0..ATTEMPTS {
        let before = start(file)?;
        match examine(file, in_use) {
            Err(Fault::Damaged(_)) if start(file)? != before => {}
            outcome => return outcome,
        }
    }
    examine(file, true)
}

/// How often a file that changes meanwhile is walked before it counts as in use.
const ATTEMPTS: usize = 3;

fn examine(file: &File, in_use: bool) -> Result<(), Fault> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(());
    }
    let [first, second] = meta::Meta::read_both(file, length)?;
    if in_use {
        return Ok(());
    }
    tree::walk(file, length, meta::Meta::newest(first, second)?)
}

/// The length of the file and its first bytes, both headers among them: every commit changes this.
fn start(file: &File) -> Result<(u64, Vec<u8>), Fault> {
    let length = file.metadata()?.len();
    let mut bytes = vec![0; length.min(meta::END_OF_HEADERS) as usize];
    read(file, &mut bytes, 0)?;
    Ok((length, bytes))
}
