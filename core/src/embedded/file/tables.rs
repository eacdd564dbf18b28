//! The tables of the engine as LMDB databases, with a checksum over every record.

use super::error::failed;
use crate::embedded::engine::{ReadTxn, Table, Visit, WriteTxn};
use crate::kv::KvError;
use heed::types::Bytes;
use heed::{AnyTls, Database, RoTxn, RwTxn};
use std::ops::Bound;

/// One LMDB database for each table.
pub(super) type Databases = [Database<'static, Bytes, Bytes>; Table::ALL.len()];

/// The name of a table in the file.
pub(super) fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Entries => "entries",
        Table::Log => "log",
        Table::Expiry => "expiry",
        Table::Markers => "markers",
    }
}

/// The tables as one transaction sees them. Every value starts with a checksum over its key and
/// itself, because LMDB has none.
pub(super) struct View<'a> {
    pub(super) txn: &'a RoTxn<'a, AnyTls>,
    pub(super) databases: &'a Databases,
}

/// The tables as one transaction changes them.
pub(super) struct Change<'a, 'e> {
    pub(super) txn: &'a mut RwTxn<'e>,
    pub(super) databases: &'a Databases,
}

impl ReadTxn for View<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<&[u8]>, KvError> {
        get(self.databases, self.txn, table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), KvError> {
        let rows = (Bound::Included(from), Bound::Excluded(to));
        let rows = self.databases[table as usize].range(self.txn, &rows).map_err(failed)?;
        for row in rows {
            let (key, stored) = row.map_err(failed)?;
            if visit(key, checked(key, stored)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Change<'_, '_> {
    fn view(&self) -> View<'_> {
        View { txn: self.txn, databases: self.databases }
    }
}

impl ReadTxn for Change<'_, '_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<&[u8]>, KvError> {
        get(self.databases, self.txn, table, key)
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), KvError> {
        self.view().range(table, from, to, visit)
    }
}

impl WriteTxn for Change<'_, '_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), KvError> {
        let mut stored = Vec::with_capacity(CHECKSUM + value.len());
        stored.extend(checksum(key, value));
        stored.extend(value);
        self.databases[table as usize].put(self.txn, key, &stored).map_err(failed)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), KvError> {
        self.databases[table as usize].delete(self.txn, key).map_err(failed).map(|_| ())
    }
}

fn get<'t>(
    databases: &Databases,
    txn: &'t RoTxn<'_, AnyTls>,
    table: Table,
    key: &[u8],
) -> Result<Option<&'t [u8]>, KvError> {
    let stored = databases[table as usize].get(txn, key).map_err(failed)?;
    stored.map(|stored| checked(key, stored)).transpose()
}

const CHECKSUM: usize = 4;

/// The value of a stored record, once its checksum over key and value was checked.
pub(super) fn checked<'a>(key: &[u8], stored: &'a [u8]) -> Result<&'a [u8], KvError> {
    match stored.split_first_chunk::<CHECKSUM>() {
        Some((sum, value)) if *sum == checksum(key, value) => Ok(value),
        _ => Err(KvError::DeserializationError(
            "a stored record is damaged: its checksum does not match; restore the file from a \
             backup"
                .into(),
        )),
    }
}

pub(super) fn checksum(key: &[u8], value: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().to_be_bytes()
}
