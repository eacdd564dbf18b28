use crate::answer::Answer;
use crate::event_loop::Operations;
use crate::pieces::Keys;
use crate::watch::Watch;
use napi::Result;
use napi_derive::napi;
use slipstream::handle::{self, Failure};
use slipstream::kv::{KvEntry, KvError};
use slipstream_bridge::{Counted, Kind, Value, WatchBuffer, cursor, millis, token};
use std::rc::Rc;
use std::time::Duration;

/// One store.
#[napi]
pub struct Store {
    handle: Counted<handle::Store>,
    operations: Rc<Operations>,
}

impl Store {
    pub(crate) fn new(handle: Counted<handle::Store>, operations: Rc<Operations>) -> Self {
        Self { handle, operations }
    }
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
        let entry = found.map(|found| found.map(|version| KvEntry { key, value, version }));
        Ok(Answer::Ready(self.operations.clone(), entry.map(Value::Entry)))
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
            let ttl = time_to_live(ttl).map_err(refused(&store, &key, "put"))?;
            store.put(&key, &value, ttl).await.map(Value::Token)
        })
    }

    /// Writes where there is no live value.
    #[napi(catch_unwind)]
    pub fn create(&self, key: String, value: &[u8], ttl: Option<f64>) -> Result<Answer> {
        let (store, value) = ((*self.handle).clone(), value.to_vec());
        self.operations.run(async move {
            let ttl = time_to_live(ttl).map_err(refused(&store, &key, "create"))?;
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
            let ttl = time_to_live(ttl).map_err(refused(&store, &key, "update"))?;
            let version = version.map_err(refused(&store, &key, "update"))?;
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
            let version = version.map_err(refused(&store, &key, "delete_with_version"))?;
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
    pub fn watch(&self, prefixes: Vec<String>, from: Option<&[u8]>) -> Answer {
        let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        let watch = cursor(from.unwrap_or_default())
            .map_err(|error| Failure::new(error, "watch"))
            .and_then(|cursor| self.handle.watch(&prefixes, &cursor))
            .map(|watch| Counted::new(Kind::Watch, WatchBuffer::new(watch)));
        Answer::Watch(watch.map(|buffer| Watch::new(buffer, self.operations.clone())))
    }
}

fn time_to_live(ttl: Option<f64>) -> std::result::Result<Option<Duration>, KvError> {
    ttl.map(|ttl| millis("ttl", ttl)).transpose()
}

/// Says of which key and store a refused argument was.
fn refused(
    store: &handle::Store,
    key: &str,
    operation: &'static str,
) -> impl FnOnce(KvError) -> Failure {
    move |error| {
        let (store, key) = (Some(store.name().to_owned()), Some(key.to_owned()));
        Failure { store, key, ..Failure::new(error, operation) }
    }
}
