//! Is this file sound? LMDB maps its file into memory and trusts every offset in it, so one flipped
//! bit or a lost tail can end the whole process. Everything LMDB would follow is therefore followed
//! here first, with plain reads and strict bounds. Records are held against their checksums on the
//! way: a flipped bit in a key would else hide the record from those who ask for it.

mod meta;
mod page;
#[cfg(test)]
mod tests;
mod tree;

use crate::kv::KvError;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
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

/// Why a file must not be given to LMDB.
#[derive(Debug)]
enum Fault {
    Foreign(String),
    Damaged(String),
    Read(io::Error),
}

impl Fault {
    fn damaged<T>(what: impl Into<String>) -> Result<T, Self> {
        Err(Self::Damaged(what.into()))
    }

    fn of(self, path: &Path) -> KvError {
        let path = path.display();
        match self {
            Self::Foreign(why) => {
                KvError::ConnectionFailed(format!("{path} is not a slipstream store ({why})"))
            }
            Self::Damaged(why) => KvError::ConnectionFailed(format!(
                "{path} is damaged: {why}; restore it from a backup"
            )),
            Self::Read(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                KvError::PermissionDenied(format!("{path} may not be read: {error}"))
            }
            Self::Read(error) => {
                KvError::ConnectionFailed(format!("{path} cannot be read: {error}"))
            }
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends in the middle of a page".into()),
            _ => Self::Read(error),
        }
    }
}

fn read(file: &File, into: &mut [u8], at: u64) -> Result<(), Fault> {
    Ok(file.read_exact_at(into, at)?)
}

/// The number at an offset, in the byte order of the machine, as LMDB writes it.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(number)
}
