//! A search: where in a long log the changes of a few keys are, found by the keys (S6).

use super::engine::{ReadTxn, Table, VisitChange};
use super::record::Record;
use super::rules::{RowKey, end_of, row_key, version_key};
use crate::kv::KvError;
use crate::kv::key::KeySet;
use std::ops::ControlFlow;

/// The most rows that a search looks at, and so the most versions that it keeps. Where more keys
/// than that are watched, the log is read as it is.
const MOST_ROWS: u64 = 131_072;

/// A search looks at so much less than there is in the log, or is given up: one in vain costs little
/// beside what follows.
const SHARE: u64 = 8;

/// Where the changes of a set of keys are in one stretch of the log.
///
/// A key that is written again moves to the end of the log, and nothing is ever put in before that.
/// So what was found remains all that there is in its stretch, whatever is written meanwhile, and
/// the search may take as many views as it needs.
pub(super) struct Search {
    /// It is about the log after this version...
    after: u64,
    /// ... up to this one.
    until: u64,
    /// The versions of the last records of the keys, sorted once all were found.
    versions: Vec<u64>,
    stage: Stage,
}

enum Stage {
    /// Keys are looked at, one range of them after the other.
    Looking {
        /// The number of the range.
        range: usize,
        /// Where in it to go on.
        from: Option<RowKey>,
        /// How many rows may yet be looked at.
        left: usize,
    },
    Found,
    /// There are so many keys that the log is read as it is.
    GivenUp,
}

impl Search {
    /// A search for these keys in the log from a version on to its end. It finds nothing out before
    /// it [goes on](Self::go_on).
    pub(super) fn new(keys: &KeySet, after: u64, until: u64) -> Self {
        // No two rows of the log have one version.
        let left = (until.saturating_sub(after) / SHARE).min(MOST_ROWS) as usize;
        let stage = match keys.is_everything() || left < ranges(keys) {
            true => Stage::GivenUp,
            false => Stage::Looking { range: 0, from: None, left },
        };
        Self { after, until, versions: Vec::new(), stage }
    }

    /// Looks at no more than so many rows; true once it is over.
    pub(super) fn go_on(
        &mut self,
        txn: &dyn ReadTxn,
        store: u32,
        keys: &KeySet,
        rows: usize,
    ) -> Result<bool, KvError> {
        let Self { after, until, versions, stage } = self;
        let Stage::Looking { range, from, left } = stage else { return Ok(true) };
        let most = rows.min(*left);
        let mut looked = 0;
        while let Some((first, end)) = bounds(store, keys, *range) {
            // To look for a key that is not there costs as much as one that is.
            looked += 1;
            let start = from.take().unwrap_or(first);
            txn.range(Table::Entries, &start, &end, &mut |row, record| {
                if looked > most {
                    *from = Some(RowKey::from_slice(row));
                    return Ok(ControlFlow::Break(()));
                }
                looked += 1;
                let version = Record::decode(record)?.version;
                if version > *after && version <= *until {
                    versions.push(version);
                }
                Ok(ControlFlow::Continue(()))
            })?;
            *range += usize::from(from.is_none());
            if looked > most {
                *left = left.saturating_sub(looked);
                let is_too_much = *left == 0;
                if is_too_much {
                    (*versions, *stage) = (Vec::new(), Stage::GivenUp);
                }
                return Ok(is_too_much);
            }
        }
        versions.sort_unstable();
        *stage = Stage::Found;
        Ok(true)
    }

    /// Visits the rows of the log after a version up to another one, in their order: of its own
    /// stretch those that were found, and what is beyond as it is.
    pub(super) fn changes(
        &self,
        txn: &dyn ReadTxn,
        store: u32,
        after: u64,
        until: u64,
        visit: &mut VisitChange<'_>,
    ) -> Result<(), KvError> {
        let mut rest = after;
        if matches!(self.stage, Stage::Found) && after >= self.after {
            let begin = self.versions.partition_point(|version| *version <= after);
            let end = self.versions.partition_point(|version| *version <= until);
            let mut is_over = false;
            for &version in self.versions.get(begin..end).unwrap_or_default() {
                let (row, next) = (version_key(store, version), version_key(store, version + 1));
                txn.changes(&row, &next, &mut |row, key, record| {
                    let flow = visit(row, key, record)?;
                    is_over = flow.is_break();
                    Ok(flow)
                })?;
                if is_over {
                    return Ok(());
                }
            }
            rest = after.max(self.until);
        }
        if rest >= until {
            return Ok(());
        }
        txn.changes(&version_key(store, rest + 1), &version_key(store, until + 1), visit)
    }

    /// Whether it is of no more use to who has read up to a version.
    pub(super) fn is_past(&self, position: u64) -> bool {
        position >= self.until
    }
}

/// How many ranges of keys make up a set.
fn ranges(keys: &KeySet) -> usize {
    keys.prefixes().len() + keys.keys().len()
}

/// The first row of a range of keys, and the one after its last.
fn bounds(store: u32, keys: &KeySet, range: usize) -> Option<(RowKey, RowKey)> {
    let prefixes = keys.prefixes();
    if let Some(prefix) = prefixes.get(range) {
        let prefix = prefix.as_bytes();
        return Some((row_key(store, prefix), end_of_prefix(store, prefix)));
    }
    let key = row_key(store, keys.keys().get(range - prefixes.len())?.as_bytes());
    // No key has such a byte, so only the key itself lies before this.
    let mut end = key.clone();
    end.push(0);
    Some((key, end))
}

/// The first row after those whose keys have a prefix.
pub(super) fn end_of_prefix(store: u32, prefix: &[u8]) -> RowKey {
    // Text has no byte of all ones, so the last one of a prefix can always be counted up.
    match prefix.split_last() {
        Some((last, rest)) => {
            let mut end = row_key(store, rest);
            end.push(last + 1);
            end
        }
        None => RowKey::from_slice(&end_of(store)),
    }
}

#[cfg(test)]
mod tests;
