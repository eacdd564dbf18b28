//! A bucket through the handles of slipstream.

use crate::{Result, server};
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Session, Store, connect};

/// A bucket through the handles, as every language has it.
pub struct Ours {
    pub store: Store,
    session: Session,
}

impl Ours {
    pub async fn open(bucket: &str) -> Result<Self> {
        let session = connect(&server::url()?, ConnectOptions::default()).await?;
        let config = StoreConfig { name: bucket.into(), ..StoreConfig::default() };
        let store = session.store(config).await?;
        Ok(Self { store, session })
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.session.close().await?)
    }
}
