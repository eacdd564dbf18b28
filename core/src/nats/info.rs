//! What a bucket says of itself: its stream as the server describes it, and its keys, counted.

use super::jetstream::api::StreamConfig;
use super::store::OpenStore;
use crate::info::{StoreInfo, StoreLimits};
use crate::kv::{KvError, VersionToken};
use crate::store::{DiscardPolicy, StorageType};

impl OpenStore<'_> {
    /// What the bucket is. The server counts subjects and does not tell keys from marks, so they are
    /// listed, which costs as much as `keys`.
    pub(super) async fn info(self) -> Result<StoreInfo, KvError> {
        let info = self.bucket.info().await?;
        let records = self.last_of_all().await?;
        let marks = records.iter().filter(|record| record.deleted).count();
        Ok(StoreInfo {
            keys: (records.len() - marks) as u64,
            marks: marks as u64,
            bytes: info.state.bytes,
            version: VersionToken::from_u64(info.state.last_seq),
            incarnation: Some(info.incarnation()),
            limits: limits(&info.config, self.bucket.known.takes_ttl()),
        })
    }
}

fn limits(config: &StreamConfig, ttl: bool) -> StoreLimits {
    StoreLimits {
        storage: match config.storage.as_str() {
            "memory" => StorageType::Memory,
            _ => StorageType::Persistent,
        },
        max_history: u32::try_from(config.max_msgs_per_subject).unwrap_or(u32::MAX),
        max_age: Some(config.max_age).filter(|age| !age.is_zero()),
        max_bytes: u64::try_from(config.max_bytes).ok().filter(|&bytes| bytes > 0),
        num_replicas: config.num_replicas,
        discard: match config.discard.as_str() {
            "old" => DiscardPolicy::Old,
            _ => DiscardPolicy::New,
        },
        ttl,
    }
}
