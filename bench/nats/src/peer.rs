//! A bucket through async-nats, to be compared with.

use crate::{Result, server};
use async_nats::jetstream::kv::{Entry, Watch};
use async_nats::jetstream::{self, kv::Store};
use futures_util::StreamExt;

/// A bucket through async-nats, on a connection of its own.
pub async fn open(bucket: &str) -> Result<Store> {
    let client = async_nats::connect(server::url()?).await?;
    Ok(jetstream::new(client).get_key_value(bucket).await?)
}

/// Reads a watch until its first state is complete.
pub async fn collect(mut watch: Watch) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some(entry) = watch.next().await.transpose()? {
        let last = entry.delta == 0;
        entries.push(entry);
        if last {
            break;
        }
    }
    Ok(entries)
}
