//! The same store behind napi's `async fn`: what a binding costs that makes one native promise a
//! call.

mod bucket;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Failure, Store, connect};

/// A store opened through the core, as the product opens it.
#[napi]
pub struct BaselineStore {
    store: Store,
}

/// What `get` answers: the fields of the product's entry.
#[napi(object)]
pub struct Found {
    pub key: String,
    pub value: Buffer,
    pub version: Buffer,
}

#[napi]
impl BaselineStore {
    /// The live entry of `key`, or `null`.
    #[napi]
    pub async fn get(&self, key: String) -> Result<Option<Found>> {
        let entry = self.store.get(&key).await.map_err(raise)?;
        Ok(entry.map(|entry| Found {
            key: entry.key,
            value: entry.value.into(),
            version: entry.version.as_bytes().to_vec().into(),
        }))
    }
}

/// Opens a store and fills it with `value` under every one of `keys`.
#[napi]
pub async fn filled(url: String, keys: Vec<String>, value: Buffer) -> Result<BaselineStore> {
    let session = connect(&url, ConnectOptions::default()).await.map_err(raise)?;
    let config = StoreConfig { name: "bench".into(), ..StoreConfig::default() };
    let store = session.store(config).await.map_err(raise)?;
    for key in &keys {
        store.put(key, &value, None).await.map_err(raise)?;
    }
    Ok(BaselineStore { store })
}

fn raise(failure: Failure) -> Error {
    Error::from_reason(failure.to_string())
}
