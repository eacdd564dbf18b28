use slipstream::kv::KvEntry;

/// A key with its value and version.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value; empty if this is a tombstone (rule R2).
    pub value: Vec<u8>,
    /// The version, as opaque bytes (rule V3).
    pub version: Vec<u8>,
}

impl From<KvEntry> for Entry {
    fn from(entry: KvEntry) -> Self {
        let version = entry.version.as_bytes().to_vec();
        Self { key: entry.key, value: entry.value, version }
    }
}
