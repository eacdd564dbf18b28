use super::alarm::Alarm;
use super::clock;
use super::engine::{Engine, ReadTxn};
use super::meta::StoreMeta;
use super::rules;
use crate::fork;
use crate::kv::KvError;
use crate::store::StoreConfig;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch as signal;

/// An engine with the stores that are open on it, and the thread that keeps them: it ends what is
/// due and tells watches of changes that other processes made.
///
/// Several connections may share one. It closes with the last of them.
pub(super) struct Database<E: Engine> {
    pub(super) engine: E,
    stores: RwLock<HashMap<String, Arc<OpenStore>>>,
    keeper: Mutex<Keeper>,
    generation: u64,
}

/// A store that is open in this process.
#[derive(Debug)]
pub(super) struct OpenStore {
    pub(super) name: String,
    pub(super) id: u32,
    pub(super) incarnation: u64,
    /// Rung after every change, by anyone. It says nothing but "look": a watch knows its position.
    pub(super) bell: signal::Sender<()>,
}

#[derive(Default)]
struct Keeper {
    thread: Option<JoinHandle<()>>,
    stop: bool,
}

/// Rows ended in one transaction, so that a mass expiry does not hold up writers.
const EXPIRED_AT_ONCE: usize = 1000;
/// How long the keeper sleeps with nothing due: a safety net under the alarm.
const IDLE: Duration = Duration::from_secs(1);

impl<E: Engine> Database<E> {
    pub(super) fn new(engine: E) -> Self {
        Self {
            engine,
            stores: RwLock::default(),
            keeper: Mutex::default(),
            generation: fork::generation(),
        }
    }

    /// Whether this was opened by a parent process.
    pub(super) fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// Opens a store, which is created if it is missing (L2).
    pub(super) fn open(&self, config: &StoreConfig) -> Result<Arc<OpenStore>, KvError> {
        if let Some(store) = self.stores.read().get(&config.name) {
            return Ok(store.clone());
        }
        let found = self.engine.read(|txn| StoreMeta::load(txn, &config.name))?;
        let meta = match found {
            Some(meta) => meta,
            None => {
                let incarnation = getrandom::u64().map_err(|error| {
                    KvError::OperationFailed(format!("no random numbers to be had: {error}"))
                })?;
                self.engine.change(|txn| StoreMeta::create(txn, config, incarnation))?
            }
        };
        let differences = meta.differences(config);
        if !differences.is_empty() {
            tracing::info!(
                store = config.name,
                ?differences,
                "the store exists with another configuration and is opened as it is"
            );
        }
        let store = Arc::new(OpenStore {
            name: config.name.clone(),
            id: meta.id,
            incarnation: meta.incarnation,
            bell: signal::Sender::new(()),
        });
        Ok(self.stores.write().entry(config.name.clone()).or_insert(store).clone())
    }

    /// The counters of an open store.
    pub(super) fn meta(txn: &dyn ReadTxn, store: &OpenStore) -> Result<StoreMeta, KvError> {
        match StoreMeta::load(txn, &store.name)? {
            Some(meta) if meta.incarnation == store.incarnation => Ok(meta),
            _ => Err(KvError::CursorExpired),
        }
    }

    /// Starts the keeper, if it does not run yet: needed once something can end or is watched.
    pub(super) fn keep(self: &Arc<Self>) {
        let mut keeper = self.keeper.lock();
        if keeper.thread.is_none() && !keeper.stop {
            let database = Arc::downgrade(self);
            let alarm = self.engine.alarm();
            let thread = std::thread::Builder::new().name("slipstream-keeper".into());
            match thread.spawn(move || Self::run(&database, &*alarm)) {
                Ok(thread) => keeper.thread = Some(thread),
                Err(error) => tracing::error!(%error, "no thread to be had for the keeper"),
            }
        }
    }

    fn run(database: &Weak<Self>, alarm: &dyn Alarm) {
        // The database is not held while this sleeps, so that it closes with its last connection.
        while let Some(database) = database.upgrade() {
            if database.keeper.lock().stop {
                return;
            }
            if database.engine.has_foreign_changes() {
                database.ring();
            }
            let next = database.end_what_is_due().unwrap_or_else(|error| {
                tracing::warn!(%error, "ending what is due failed; it is tried again");
                None
            });
            drop(database);
            let until = next.map_or(IDLE, |deadline| {
                Duration::from_millis(deadline.saturating_sub(clock::now())).min(IDLE)
            });
            alarm.wait(until);
        }
    }

    /// Ends the keeper and lets go of the engine.
    fn close(&self) {
        let thread = {
            let mut keeper = self.keeper.lock();
            keeper.stop = true;
            keeper.thread.take()
        };
        self.engine.alarm().ring();
        // The keeper itself may be the last to hold the database.
        if let Some(thread) = thread.filter(|it| it.thread().id() != std::thread::current().id()) {
            // A keeper that panicked has nothing left to say.
            let _ = thread.join();
        }
        self.engine.close();
    }

    /// Ends what is due in every open store; when the next entry ends.
    fn end_what_is_due(&self) -> Result<Option<u64>, KvError> {
        let stores: Vec<_> = self.stores.read().values().cloned().collect();
        let mut next = None;
        for store in stores {
            let first = self.engine.read(|txn| rules::next_deadline(txn, store.id))?;
            if first.is_some_and(|deadline| deadline <= clock::now()) {
                while self.engine.change(|txn| {
                    let mut meta = Self::meta(txn, &store)?;
                    let more = rules::expire(txn, &mut meta, clock::now(), EXPIRED_AT_ONCE)?;
                    meta.save(txn, &store.name)?;
                    Ok(more)
                })? {}
                store.bell.send_replace(());
            }
            let first = self.engine.read(|txn| rules::next_deadline(txn, store.id))?;
            next = next.into_iter().chain(first).min();
        }
        Ok(next)
    }

    fn ring(&self) {
        for store in self.stores.read().values() {
            store.bell.send_replace(());
        }
    }
}

impl<E: Engine> Drop for Database<E> {
    fn drop(&mut self) {
        if !self.is_inherited() {
            self.close();
        }
    }
}
