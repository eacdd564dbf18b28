//! One operation on a store.

use super::same;
use crate::answer::{Answer, Trouble};
use crate::format::{Operation, Step};
use crate::world::{Names, World};
use slipstream::VersionToken;
use slipstream::handle::Store;
use slipstream::kv::KvError;
use std::time::Duration;

/// An operation with every name resolved, to be run here or in a task of its own.
#[derive(Clone)]
pub struct Call {
    store: Store,
    kind: Kind,
    key: String,
    value: Vec<u8>,
    version: Vec<u8>,
    ttl: Option<Duration>,
}

#[derive(Clone, Copy)]
enum Kind {
    Put,
    Create,
    Update,
    Delete,
    DeleteWithVersion,
    Purge,
    Get,
    Entry,
    Keys,
    Scan,
}

impl World {
    pub async fn operation(&mut self, step: &Step) -> Result<(), String> {
        let call = Call::resolve(self, step, &self.names)?;
        let answer = match parts(step)?.1.within.map(Duration::from_secs_f64) {
            None => call.run().await,
            Some(limit) => tokio::time::timeout(limit, call.run())
                .await
                .map_err(|_| format!("has not ended within {limit:?}"))?,
        };
        self.ended(step, answer)
    }

    /// Compares how an operation ended with what its step says.
    pub fn ended(&mut self, step: &Step, answer: Result<Answer, Trouble>) -> Result<(), String> {
        let (_, operation) = parts(step)?;
        let Some(answer) = self.expect(answer, operation.error.as_ref())? else { return Ok(()) };
        if let Some(expected) = &operation.expect {
            answer.check(expected.as_ref(), &self.names)?;
        }
        if let Some(count) = operation.count {
            same("count", answer.count(), Some(count))?;
        }
        if let Some(deleted) = operation.deleted {
            answer.check_deleted(deleted)?;
        }
        if let Some(seconds) = operation.expires_in {
            answer.check_end(seconds)?;
        }
        let version = answer.version().map(VersionToken::as_bytes);
        if let Some(expected) = &operation.expect_version {
            same("version", version, Some(self.names.token(expected)?.as_slice()))?;
        }
        if let Some(name) = &operation.save {
            self.names.save(name, version.ok_or("there is no version to save")?);
        }
        Ok(())
    }
}

impl Call {
    pub fn resolve(world: &World, step: &Step, names: &Names) -> Result<Self, String> {
        let (kind, operation) = parts(step)?;
        let text = match (&operation.key, &operation.prefix) {
            (Some(text), None) | (None, Some(text)) => names.text(text)?,
            (None, None) if matches!(kind, Kind::Keys | Kind::Scan) => String::new(),
            _ => return Err("an operation has a key or a prefix".into()),
        };
        Ok(Self {
            store: world.store(&operation.store)?.clone(),
            kind,
            key: text,
            value: operation.value.as_ref().map_or(Ok(Vec::new()), |v| names.bytes(v))?,
            version: operation.version.as_ref().map_or(Ok(Vec::new()), |v| names.token(v))?,
            ttl: operation.ttl.map(Duration::from_secs_f64),
        })
    }

    pub async fn run(&self) -> Result<Answer, Trouble> {
        let Self { store, kind, key, value, ttl, .. } = self;
        let answer = match kind {
            Kind::Put => store.put(key, value, *ttl).await.map(Answer::Written),
            Kind::Create => store.create(key, value, *ttl).await.map(Answer::Written),
            Kind::Update => {
                store.update(key, value, &self.version()?, *ttl).await.map(Answer::Written)
            }
            Kind::Delete => store.delete(key).await.map(Answer::Deleted),
            Kind::DeleteWithVersion => {
                store.delete_with_version(key, &self.version()?).await.map(Answer::Deleted)
            }
            Kind::Purge => store.purge(key).await.map(|()| Answer::Purged),
            Kind::Get => store.get(key).await.map(Answer::Entry),
            Kind::Entry => store.entry(key).await.map(Answer::Entry),
            Kind::Keys => store.keys(key).await.map(Answer::Keys),
            Kind::Scan => store.scan(key).await.map(Answer::Entries),
        };
        Ok(answer?)
    }

    /// In Rust, bytes that are too long for a token never become one (V1).
    fn version(&self) -> Result<VersionToken, KvError> {
        let refused = || KvError::InvalidArgument("no token has these bytes".into());
        VersionToken::from_bytes(&self.version).ok_or_else(refused)
    }
}

fn parts(step: &Step) -> Result<(Kind, &Operation), String> {
    Ok(match step {
        Step::Put(operation) => (Kind::Put, operation),
        Step::Create(operation) => (Kind::Create, operation),
        Step::Update(operation) => (Kind::Update, operation),
        Step::Delete(operation) => (Kind::Delete, operation),
        Step::DeleteWithVersion(operation) => (Kind::DeleteWithVersion, operation),
        Step::Purge(operation) => (Kind::Purge, operation),
        Step::Get(operation) => (Kind::Get, operation),
        Step::Entry(operation) => (Kind::Entry, operation),
        Step::Keys(operation) => (Kind::Keys, operation),
        Step::Scan(operation) => (Kind::Scan, operation),
        other => return Err(format!("not an operation on a store: {other:?}")),
    })
}
