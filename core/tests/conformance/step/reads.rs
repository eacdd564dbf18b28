//! Reads that are compared with each other.

use super::bulk::many_key;
use super::same;
use crate::answer::Trouble;
use crate::format::{GetMany, ReadsAgree};
use crate::world::World;
use slipstream::handle::Failure;
use slipstream::kv::KvRecord;
use std::time::SystemTime;

impl World {
    /// Reads many keys at once, and each by itself, which must tell the same (R1).
    pub async fn get_many(&self, step: &GetMany) -> Result<(), String> {
        let store = self.store(&step.store)?;
        let keys: Vec<String> = match &step.many {
            Some(keys) => (0..keys.count).map(|index| many_key(&keys.prefix, index)).collect(),
            None => step.keys.iter().map(|key| self.names.text(key)).collect::<Result<_, _>>()?,
        };
        let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
        let found = store.get_many(&asked).await.map_err(Trouble::from);
        let Some(found) = self.expect(found, step.error.as_ref())? else { return Ok(()) };
        same("the number of answers", found.len(), keys.len())?;
        for (key, entry) in keys.iter().zip(&found) {
            let got = store.get(key).await.map_err(|failure| failure.to_string())?;
            same(key, entry.as_ref().map(parts), got.as_ref().map(parts))?;
        }
        if let Some(expected) = &step.expect {
            let value = |text: &Option<_>| text.as_ref().map(|t| self.names.bytes(t)).transpose();
            let expected: Result<Vec<_>, _> = expected.iter().map(value).collect();
            let values: Vec<_> =
                found.iter().map(|e| e.as_ref().map(|e| e.value.clone())).collect();
            same("get_many", values, expected?)?;
        }
        match step.count {
            Some(count) => same("count", found.iter().flatten().count(), count),
            None => Ok(()),
        }
    }

    /// That `keys`, `scan`, `get`, `get_many` and `entry` tell the same (R4).
    pub async fn reads_agree(&self, step: &ReadsAgree) -> Result<(), String> {
        let store = self.store(&step.store)?;
        let failed = |failure: Failure| failure.to_string();
        let entries = store.scan(&step.prefix).await.map_err(failed)?;
        let scanned: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        same("keys", &store.keys(&step.prefix).await.map_err(failed)?, &scanned)?;
        same("order", scanned.is_sorted_by(|a, b| a < b), true)?;
        let asked: Vec<&str> = scanned.iter().map(String::as_str).collect();
        let many = store.get_many(&asked).await.map_err(failed)?;
        same("the number of answers", many.len(), asked.len())?;
        for (entry, found) in entries.iter().zip(many) {
            let got = store.get(&entry.key).await.map_err(failed)?;
            let raw = store.entry(&entry.key).await.map_err(failed)?;
            for other in [got, found, raw] {
                let other = other.ok_or_else(|| format!("{} is only in scan", entry.key))?;
                same(&entry.key, parts(&other), parts(entry))?;
            }
        }
        Ok(())
    }
}

/// Everything that an entry tells.
fn parts(entry: &KvRecord) -> (&str, &[u8], &[u8], bool, Option<SystemTime>) {
    let KvRecord { key, value, version, deleted, expires_at, .. } = entry;
    (key, value, version.as_bytes(), *deleted, *expires_at)
}
