//! One store: reads, writes, and the opening of watches.

use crate::failure;
use crate::js::{Scratch, js};
use crate::keys::Keys;
use crate::operations::{Answer, Operations};
use crate::watch::Watch;
use napi::bindgen_prelude::{Either, Null};
use napi::{Env, Result, sys};
use napi_derive::napi;
use slipstream::handle::{self, Failure, Selection};
use slipstream::kv::KvError;
use slipstream_bridge::{Counted, Kind, Value, cursor, millis, refused, token};
use std::rc::Rc;
use std::time::Duration;

/// One store.
#[napi]
pub struct Store {
    handle: Counted<handle::Store>,
    operations: Rc<Operations>,
}

/// The store that was opened, as JavaScript is given it.
pub(crate) fn opened(
    env: &Env,
    operations: &Rc<Operations>,
    value: Value,
    _: &mut Scratch<'_>,
) -> Result<sys::napi_value> {
    let Value::Store(store) = value else { return js(env, Null) };
    let handle = Counted::new(Kind::Store, store);
    js(env, Store { handle, operations: operations.clone() })
}

#[napi]
impl Store {
    /// The store's name.
    #[napi(catch_unwind)]
    pub fn name(&self) -> String {
        self.handle.name().to_owned()
    }

    /// The live entry of a key, or null.
    #[napi(catch_unwind)]
    pub fn get(&self, key: String) -> Result<Answer> {
        let mut value = Vec::new();
        let Some(found) = self.handle.get_now(&key, &mut value) else {
            let store = (*self.handle).clone();
            return self.operations.run(async move { store.get(&key).await.map(Value::Entry) });
        };
        let entry = found.map(|found| found.map(|found| found.into_record(key, value)));
        Ok(self.operations.ready(entry.map(Value::Entry)))
    }

    /// What there is for each of these keys: rows without keys, in their order.
    #[napi(catch_unwind)]
    pub fn get_many(&self, keys: Vec<String>) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations.run(async move {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            store.get_many(&keys).await.map(Value::Found)
        })
    }

    /// The same for so many keys that going through them would hold the loop up.
    #[napi(catch_unwind)]
    pub fn get_many_of(&self, keys: &mut Keys) -> Result<Answer> {
        let (store, keys) = ((*self.handle).clone(), keys.take());
        self.operations.run(async move {
            // What follows is done by the thread of the runtime.
            tokio::task::yield_now().await;
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            store.get_many(&keys).await.map(Value::Found)
        })
    }

    /// The raw last record of a key, or null.
    #[napi(catch_unwind)]
    pub fn entry(&self, key: String) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations.run(async move { store.entry(&key).await.map(Value::Entry) })
    }

    /// How much the store holds, and its limits.
    #[napi(catch_unwind)]
    pub fn info(&self) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations
            .run(async move { store.info().await.map(|info| Value::Info(Box::new(info))) })
    }

    /// Every live key with a prefix.
    #[napi(catch_unwind)]
    pub fn keys(&self, prefix: String) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations.run(async move { store.keys(&prefix).await.map(Value::Keys) })
    }

    /// Every live entry with a prefix.
    #[napi(catch_unwind)]
    pub fn scan(&self, prefix: String) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations.run(async move { store.scan(&prefix).await.map(Value::Entries) })
    }

    /// Writes unconditionally.
    #[napi(catch_unwind)]
    pub fn put(&self, key: String, value: &[u8], ttl: Option<f64>) -> Result<Answer> {
        let (store, value) = ((*self.handle).clone(), value.to_vec());
        self.operations.run(async move {
            let ttl = time_to_live(ttl).map_err(refused(store.name(), &key, "put"))?;
            store.put(&key, &value, ttl).await.map(Value::Token)
        })
    }

    /// Writes where there is no live value.
    #[napi(catch_unwind)]
    pub fn create(&self, key: String, value: &[u8], ttl: Option<f64>) -> Result<Answer> {
        let (store, value) = ((*self.handle).clone(), value.to_vec());
        self.operations.run(async move {
            let ttl = time_to_live(ttl).map_err(refused(store.name(), &key, "create"))?;
            store.create(&key, &value, ttl).await.map(Value::Token)
        })
    }

    /// Writes over one version.
    #[napi(catch_unwind)]
    pub fn update(
        &self,
        key: String,
        value: &[u8],
        version: &[u8],
        ttl: Option<f64>,
    ) -> Result<Answer> {
        let (store, value, version) = ((*self.handle).clone(), value.to_vec(), token(version));
        self.operations.run(async move {
            let ttl = time_to_live(ttl).map_err(refused(store.name(), &key, "update"))?;
            let version = version.map_err(refused(store.name(), &key, "update"))?;
            store.update(&key, &value, &version, ttl).await.map(Value::Token)
        })
    }

    /// Deletes a key.
    #[napi(catch_unwind)]
    pub fn delete(&self, key: String) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations.run(async move { store.delete(&key).await.map(Value::Bool) })
    }

    /// Deletes one version of a key.
    #[napi(catch_unwind)]
    pub fn delete_with_version(&self, key: String, version: &[u8]) -> Result<Answer> {
        let (store, version) = ((*self.handle).clone(), token(version));
        self.operations.run(async move {
            let version = version.map_err(refused(store.name(), &key, "delete_with_version"))?;
            store.delete_with_version(&key, &version).await.map(Value::Bool)
        })
    }

    /// Drops a key and its history.
    #[napi(catch_unwind)]
    pub fn purge(&self, key: String) -> Result<Answer> {
        let store = (*self.handle).clone();
        self.operations.run(async move { store.purge(&key).await.map(|()| Value::Unit) })
    }

    /// Opens a watch.
    #[napi(catch_unwind)]
    pub fn watch(
        &self,
        prefixes: Option<Vec<String>>,
        keys: Option<Vec<String>>,
        from: Option<&[u8]>,
    ) -> Either<Watch, failure::Failure> {
        let selection = Selection::new(prefixes, keys);
        let watch = cursor(from.unwrap_or_default())
            .map_err(|error| Failure::new(error, "watch"))
            .and_then(|cursor| self.handle.watch(selection, &cursor));
        match watch {
            Ok(watch) => Either::A(Watch::new(watch, self.operations.clone())),
            Err(failure) => Either::B(failure.into()),
        }
    }
}

fn time_to_live(ttl: Option<f64>) -> std::result::Result<Option<Duration>, KvError> {
    ttl.map(|ttl| millis("ttl", ttl)).transpose()
}
