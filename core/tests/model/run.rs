//! Runs a schedule on a store and on the model, side by side.

mod watched;

use crate::reference::Reference;
use crate::schedule::{Action, From, KEYS, Schedule, Step, Version, Write};
use proptest::prelude::*;
use slipstream::handle::{ConnectOptions, Failure, Session, Store, connect};
use slipstream::kv::KvRecord;
use slipstream::{StoreConfig, VersionToken, WatchCursor};
use tempfile::TempDir;
use watched::Watched;

/// Where the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Memory,
    File,
}

/// Runs every step; an error says where store and model disagree.
pub fn run(schedule: &Schedule, place: Place) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| TestCaseError::fail(error.to_string()))?;
    runtime.block_on(async {
        let mut both = Both::open(schedule, place).await?;
        for step in &schedule.steps {
            both.step(step).await?;
        }
        both.finish().await
    })
}

struct Both {
    place: Place,
    url: String,
    config: StoreConfig,
    session: Session,
    store: Store,
    model: Reference,
    watches: Vec<Watched>,
    cursors: Vec<WatchCursor>,
    _directory: TempDir,
}

impl Both {
    async fn open(schedule: &Schedule, place: Place) -> Result<Self, TestCaseError> {
        let directory = TempDir::new().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let url = match place {
            Place::Memory => "memory:".to_owned(),
            Place::File => format!("file:{}/model.db", directory.path().display()),
        };
        let mut config = StoreConfig { name: "model".into(), ..StoreConfig::default() };
        if let Some((bytes, discard)) = schedule.limit {
            config.max_bytes = i64::try_from(bytes).ok();
            config.discard = discard;
        }
        let session = connect(&url, ConnectOptions::default()).await.map_err(failed)?;
        let store = session.store(config.clone()).await.map_err(failed)?;
        let model = Reference { limit: schedule.limit, ..Reference::default() };
        let (watches, cursors) = (Vec::new(), Vec::new());
        Ok(Self {
            place,
            url,
            config,
            session,
            store,
            model,
            watches,
            cursors,
            _directory: directory,
        })
    }

    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Write(write) => self.write(write).await,
            Step::Get(key) => self.get(key).await,
            Step::List(prefix) => self.list(prefix).await,
            Step::Watch(prefixes, from) => self.watch(prefixes, *from),
            Step::Read { watch, items } => {
                let Some(watch) = pick(&mut self.watches, *watch) else { return Ok(()) };
                self.cursors.extend(watch.read(&self.model, *items).await?);
                Ok(())
            }
            Step::Synced { watch } => match pick(&mut self.watches, *watch) {
                Some(watch) => watch.synced(&self.model).await,
                None => Ok(()),
            },
            Step::Close { watch } => match pick(&mut self.watches, *watch) {
                Some(watch) => watch.close().await,
                None => Ok(()),
            },
            Step::Reopen => self.reopen().await,
        }
    }

    async fn write(&mut self, write: &Write) -> Result<(), TestCaseError> {
        let newest = self.model.newest;
        let current = self.model.entry(write.key).map_or(newest, |(_, version)| version);
        let expected = match &write.action {
            Action::Update(_, version) | Action::DeleteWithVersion(version) => match version {
                Version::Current => current,
                Version::Before(count) => newest.saturating_sub(*count),
                Version::Zero => 0,
            },
            _ => 0,
        };
        let answer = perform(&self.store, write, &VersionToken::from_u64(expected)).await;
        let said = self.model.write(write, expected);
        match (answer, said) {
            (Ok(Answer::Version(token)), Ok(version)) => prop_assert_eq!(token.as_u64(), version),
            (Ok(Answer::Deleted(deleted)), Ok(version)) => {
                prop_assert_eq!(deleted, version.is_some());
            }
            (Ok(Answer::Purged), Ok(_)) => {}
            (Err(failure), Err(error)) => prop_assert_eq!(failure.error.code(), error.code()),
            (answer, said) => prop_assert!(false, "{answer:?} instead of {said:?}"),
        }
        self.get(write.key).await
    }

    async fn get(&self, key: &str) -> Result<(), TestCaseError> {
        let got = self.store.get(key).await.map_err(failed)?;
        prop_assert_eq!(plain(got), self.model.get(key));
        let raw = self.store.entry(key).await.map_err(failed)?;
        prop_assert_eq!(plain(raw), self.model.entry(key));
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<(), TestCaseError> {
        let expected = self.model.list(prefix);
        let keys = self.store.keys(prefix).await.map_err(failed)?;
        let expected_keys: Vec<&String> = expected.iter().map(|(key, ..)| key).collect();
        prop_assert_eq!(keys.iter().collect::<Vec<_>>(), expected_keys);
        let entries = self.store.scan(prefix).await.map_err(failed)?;
        let plain = |e: KvRecord| (e.key, e.value, e.version.as_u64().unwrap_or_default());
        prop_assert_eq!(entries.into_iter().map(plain).collect::<Vec<_>>(), expected);
        Ok(())
    }

    fn watch(&mut self, prefixes: &[&'static str], from: From) -> Result<(), TestCaseError> {
        let newest = self.model.newest;
        let cursor = match from {
            From::Start => WatchCursor::none(),
            From::Saved(at) => {
                let saved = at.checked_rem(self.cursors.len()).map(|at| &self.cursors[at]);
                saved.cloned().unwrap_or_default()
            }
            From::Before(count) => WatchCursor::from_u64(newest.saturating_sub(count)).enveloped(),
            From::Ahead(count) => WatchCursor::from_u64(newest + count).enveloped(),
        };
        // As it would be kept by a program.
        let kept = WatchCursor::from_bytes(&cursor.to_bytes());
        prop_assert_eq!(kept.as_ref(), Some(&cursor));
        let watch = self.store.watch(prefixes, &cursor).map_err(failed)?;
        self.watches.push(Watched::new(watch, prefixes.to_vec(), &cursor));
        Ok(())
    }

    /// Closes and opens the file again: what was written and where cursors stand remains.
    async fn reopen(&mut self) -> Result<(), TestCaseError> {
        if self.place == Place::Memory {
            return Ok(());
        }
        self.watches.clear();
        self.session.close().await.map_err(failed)?;
        self.session = connect(&self.url, ConnectOptions::default()).await.map_err(failed)?;
        self.store = self.session.store(self.config.clone()).await.map_err(failed)?;
        Ok(())
    }

    /// Reads every watch to where it has caught up, and everything else.
    async fn finish(mut self) -> Result<(), TestCaseError> {
        for watch in &mut self.watches {
            watch.finish(&self.model).await?;
        }
        for key in KEYS {
            self.get(key).await?;
        }
        self.list("").await?;
        self.session.close().await.map_err(failed)
    }
}

#[derive(Debug)]
enum Answer {
    Version(VersionToken),
    Deleted(bool),
    Purged,
}

async fn perform(
    store: &Store,
    Write { key, action }: &Write,
    expected: &VersionToken,
) -> Result<Answer, Failure> {
    match action {
        Action::Put(value) => store.put(key, value, None).await.map(Answer::Version),
        Action::Create(value) => store.create(key, value, None).await.map(Answer::Version),
        Action::Update(value, _) => {
            store.update(key, value, expected, None).await.map(Answer::Version)
        }
        Action::Delete => store.delete(key).await.map(Answer::Deleted),
        Action::DeleteWithVersion(_) => {
            store.delete_with_version(key, expected).await.map(Answer::Deleted)
        }
        Action::Purge => store.purge(key).await.map(|()| Answer::Purged),
    }
}

fn pick(watches: &mut [Watched], index: usize) -> Option<&mut Watched> {
    let index = index.checked_rem(watches.len())?;
    watches.get_mut(index)
}

fn plain(entry: Option<KvRecord>) -> Option<(Vec<u8>, u64)> {
    entry.map(|entry| (entry.value, entry.version.as_u64().unwrap_or_default()))
}

fn failed(failure: Failure) -> TestCaseError {
    TestCaseError::fail(failure.to_string())
}
