//! The header of a file: which format it has, and which a writer must know (contract rules U1, U2).

use super::error::foreign;
use crate::embedded::engine::{ReadTxn, Table, WriteTxn};
use crate::embedded::record::number;
use crate::kv::{Format, KvError};
use std::path::Path;

/// The format of files that this version makes, and the newest that it reads (`docs/formats.md`).
const FORMAT: u16 = 1;
/// The key of the header's row. A store's name never begins so.
const KEY: &[u8] = &[0, 1];
/// The format, the oldest format that a writer must know, and room.
const LENGTH: usize = 16;

/// Refuses a file that this version must not open. True if the file has no header yet, which a new
/// one has not.
pub(super) fn is_missing(txn: &dyn ReadTxn, path: &Path) -> Result<bool, KvError> {
    match txn.get(Table::Meta, KEY)? {
        Some(bytes) => decode(bytes)?.check(FORMAT, path.display()).map(|()| false),
        None if is_empty(txn)? => Ok(true),
        None => Err(foreign(path, "it has no format number")),
    }
}

/// Gives a new file its header, unless another process has done so.
pub(super) fn make(txn: &mut dyn WriteTxn, path: &Path) -> Result<(), KvError> {
    if is_missing(txn, path)? {
        txn.put(Table::Meta, KEY, &encode(Format::new(FORMAT)))?;
    }
    Ok(())
}

fn encode(format: Format) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..2].copy_from_slice(&format.number.to_be_bytes());
    bytes[2..4].copy_from_slice(&format.minimum.to_be_bytes());
    bytes
}

/// A newer version may have a longer header; its numbers stand where they always do.
fn decode(bytes: &[u8]) -> Result<Format, KvError> {
    let (numbers, _) = bytes
        .split_first_chunk::<4>()
        .ok_or_else(|| KvError::DeserializationError("the header of the file is damaged".into()))?;
    let at = |index: usize| number(&numbers[index..index + 2]) as u16;
    Ok(Format { number: at(0), minimum: at(2) })
}

/// True if the file holds no store.
fn is_empty(txn: &dyn ReadTxn) -> Result<bool, KvError> {
    let mut empty = true;
    txn.range(Table::Meta, &[0], &[0xff], &mut |_, _| {
        empty = false;
        Ok(std::ops::ControlFlow::Break(()))
    })?;
    Ok(empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::file::environment::Environment;
    use crate::embedded::file::files::guard::Guard;
    use std::sync::Arc;

    #[test]
    fn u1_the_header_is_as_docs_formats_says() {
        let bytes = [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(encode(Format::new(1)), bytes);
        assert_eq!(decode(&bytes), Ok(Format::new(1)));
    }

    fn open(path: &Path) -> Result<Arc<Environment>, KvError> {
        Environment::open(path, Guard::take(path)?)
    }

    #[test]
    fn l7_f14_a_file_of_a_newer_format_is_refused_as_newer_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let environment = open(&path).unwrap();
        environment.change(|txn| txn.put(Table::Meta, KEY, &[0, 9, 0, 1])).unwrap();
        environment.close();
        drop(environment);
        for _ in 0..2 {
            let refused = open(&path).err().unwrap();
            assert!(!refused.retryable());
            let told = refused.to_string();
            assert!(told.contains("format 9") && told.contains("nothing is damaged"), "{told}");
        }
    }

    #[test]
    fn l7_a_file_with_stores_and_no_format_is_none_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let environment = open(&path).unwrap();
        let change = |txn: &mut dyn WriteTxn| {
            txn.delete(Table::Meta, KEY)?;
            txn.put(Table::Meta, b"nodes", b"of another make")
        };
        environment.change(change).unwrap();
        environment.close();
        drop(environment);
        let told = open(&path).err().unwrap().to_string();
        assert!(told.contains("no format number"), "{told}");
    }
}
