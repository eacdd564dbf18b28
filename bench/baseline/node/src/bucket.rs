//! A bucket on NATS behind napi's promises, to be compared with.

use async_nats::jetstream::{self, kv};
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// A bucket on a NATS server through async-nats: one native promise a call.
#[napi]
pub struct BaselineBucket {
    store: kv::Store,
}

#[napi]
impl BaselineBucket {
    /// The value of `key`, or `null`.
    #[napi]
    pub async fn get(&self, key: String) -> Result<Option<Buffer>> {
        let value = self.store.get(key).await.map_err(raise)?;
        Ok(value.map(|value| Vec::from(value).into()))
    }

    /// Writes `value`, and answers with its revision.
    #[napi]
    pub async fn put(&self, key: String, value: Buffer) -> Result<i64> {
        let value = value.to_vec().into();
        Ok(self.store.put(key, value).await.map_err(raise)?.cast_signed())
    }
}

/// Opens the bucket `name` of the server at `url`.
#[napi]
pub async fn bucket(url: String, name: String) -> Result<BaselineBucket> {
    let client = async_nats::connect(url).await.map_err(raise)?;
    let store = jetstream::new(client).get_key_value(name).await.map_err(raise)?;
    Ok(BaselineBucket { store })
}

fn raise(error: impl std::fmt::Display) -> Error {
    Error::from_reason(error.to_string())
}
