use super::VersionToken;

/// One key with its value and the version of its last write.
#[derive(Debug, Clone)]
pub struct KvEntry {
    /// The key (contract rule K1).
    pub key: String,
    /// The value; empty in a tombstone, which only `entry` shows (R2, R3).
    pub value: Vec<u8>,
    /// The version to pass to `update` and `delete_with_version`.
    pub version: VersionToken,
}

/// One change that a watch delivers.
#[derive(Debug, Clone)]
pub enum KvUpdate {
    /// The key has a new value.
    Put(KvEntry),
    /// The key was deleted, or was written with an empty value (contract rule R2).
    Delete {
        /// The key that was deleted.
        key: String,
        /// The version of the deletion.
        version: VersionToken,
    },
    /// The key was purged with its history, or its time to live ended.
    Purge {
        /// The key that is gone.
        key: String,
        /// The version of the removal.
        version: VersionToken,
    },
}

impl KvUpdate {
    /// The key that changed.
    pub fn key(&self) -> &str {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Delete { key, .. } | Self::Purge { key, .. } => key,
        }
    }

    /// The version of the change.
    pub fn version(&self) -> &VersionToken {
        match self {
            Self::Put(entry) => &entry.version,
            Self::Delete { version, .. } | Self::Purge { version, .. } => version,
        }
    }
}
