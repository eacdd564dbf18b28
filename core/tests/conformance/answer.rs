//! What an operation answered, and whether that is what a scenario expects.

use crate::format::{ErrorSpec, Expected};
use crate::world::Names;
use slipstream::handle::Failure;
use slipstream::kv::KvRecord;
use slipstream::{KvError, VersionToken};
use std::time::SystemTime;

/// The answer of one operation on a store.
#[derive(Debug)]
pub enum Answer {
    Written(VersionToken),
    Deleted(bool),
    Purged,
    Entry(Option<KvRecord>),
    Keys(Vec<String>),
    Entries(Vec<KvRecord>),
}

impl Answer {
    /// The version that `as:` saves.
    pub fn version(&self) -> Option<&VersionToken> {
        match self {
            Self::Written(version) => Some(version),
            Self::Entry(Some(entry)) => Some(&entry.version),
            _ => None,
        }
    }

    /// Compares with `deleted:`, of a tombstone or of a live entry.
    pub fn check_deleted(&self, deleted: bool) -> Result<(), String> {
        match self {
            Self::Entry(Some(entry)) if entry.deleted == deleted => Ok(()),
            _ => Err(format!("deleted is not {deleted}: {self:?}")),
        }
    }

    /// Compares with `expires_in:`, in seconds from now.
    pub fn check_end(&self, seconds: Option<[f64; 2]>) -> Result<(), String> {
        let Self::Entry(Some(entry)) = self else { return Err(format!("no entry: {self:?}")) };
        let left = |end: SystemTime| match end.duration_since(SystemTime::now()) {
            Ok(left) => left.as_secs_f64(),
            Err(late) => -late.duration().as_secs_f64(),
        };
        match (entry.expires_at.map(left), seconds) {
            (None, None) => Ok(()),
            (Some(left), Some([least, most])) if (least..=most).contains(&left) => Ok(()),
            (left, _) => Err(format!("ends in {left:?} s instead of {seconds:?}")),
        }
    }

    /// How many keys there are, for `count:`.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Keys(keys) => Some(keys.len()),
            Self::Entries(entries) => Some(entries.len()),
            _ => None,
        }
    }

    /// Compares with `expect:`, where `None` is `null`.
    pub fn check(&self, expected: Option<&Expected>, names: &Names) -> Result<(), String> {
        let same = match (self, expected) {
            (Self::Entry(entry), None) => entry.is_none(),
            (Self::Entry(Some(entry)), Some(Expected::Text(value))) => {
                entry.value == names.bytes(value)?
            }
            (Self::Deleted(deleted), Some(Expected::Flag(flag))) => deleted == flag,
            (Self::Keys(keys), Some(Expected::Keys(expected))) => keys == expected,
            (Self::Entries(entries), Some(Expected::Keys(expected))) if expected.is_empty() => {
                entries.is_empty()
            }
            (Self::Entries(entries), Some(Expected::Entries(expected))) => {
                let mut same = entries.len() == expected.len();
                for (entry, (key, value)) in entries.iter().zip(expected) {
                    same &= entry.key == *key && entry.value == names.bytes(value)?;
                }
                same
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(format!("expected {expected:?}, got {self:?}")) }
    }
}

/// How an operation or a watch failed, as `error:` compares it.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub code: &'static str,
    message: String,
    key: Option<String>,
    store: Option<String>,
    retryable: bool,
    outcome_unknown: bool,
}

impl Trouble {
    /// Compares with `error:`.
    pub fn check(&self, spec: &ErrorSpec, names: &Names) -> Result<(), String> {
        let expect = |right: bool, what: &str| {
            if right { Ok(()) } else { Err(format!("error is not {what}: {self:?}")) }
        };
        let details = match spec {
            ErrorSpec::Code(code) => return expect(self.code == code, code),
            ErrorSpec::Full(details) => details,
        };
        expect(self.code == details.code, &details.code)?;
        for part in &details.contains {
            let part = names.text(part)?;
            expect(self.message.contains(&part), &format!("one that says {part:?}"))?;
        }
        for part in &details.lacks {
            let part = names.text(part)?;
            expect(!self.message.contains(&part), &format!("one without {part:?}"))?;
        }
        if let Some(key) = &details.key {
            expect(self.key == Some(names.text(key)?), "of this key")?;
        }
        if let Some(store) = &details.store {
            expect(self.store.as_ref() == Some(store), &format!("of store {store}"))?;
        }
        if let Some(retryable) = details.retryable {
            expect(self.retryable == retryable, &format!("retryable: {retryable}"))?;
        }
        if let Some(unknown) = details.outcome_unknown {
            expect(self.outcome_unknown == unknown, &format!("outcome_unknown: {unknown}"))?;
        }
        Ok(())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.error.code(),
            message: failure.to_string(),
            retryable: failure.error.retryable(),
            outcome_unknown: failure.outcome_unknown,
            key: failure.key,
            store: failure.store,
        }
    }
}

/// What is refused before there is an operation: words and bytes that never become an argument.
impl From<KvError> for Trouble {
    fn from(error: KvError) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            retryable: error.retryable(),
            outcome_unknown: false,
            key: None,
            store: None,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
