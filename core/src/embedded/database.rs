//! A database: an engine with its open stores and the threads that keep them.

use super::alarm::{Alarm, LocalAlarm};
use super::engine::{Engine, Named, ReadTxn};
use super::meta::{self, StoreMeta};
use super::rules;
use super::worker::Worker;
use crate::kv::KvError;
use crate::lifecycle::fork::Process;
use crate::lock::{Mutex, RwLock};
use crate::platform::clock;
use crate::store::StoreConfig;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch as signal;

/// An engine with the stores that are open on it, and its keeper: the thread that ends entries whose
/// time is over and wakes watches when another process has written.
///
/// Several connections may share one. It closes when the last of them leaves, even if stores or
/// watches still hold it.
pub(super) struct Database<E: Engine> {
    pub(super) engine: E,
    stores: RwLock<HashMap<String, Arc<SharedStore>>>,
    threads: Mutex<Threads>,
    /// Wakes the lookout.
    lookout: Arc<LocalAlarm>,
    /// The number of connections that use it. None can join once the last has left.
    users: Mutex<usize>,
    owner: Process,
}

/// A store that is open in this process.
#[derive(Debug)]
pub(super) struct SharedStore {
    pub(super) name: String,
    pub(super) id: u32,
    pub(super) incarnation: u64,
    /// True if the store has a `max_age`, so that every entry ends.
    pub(super) ages: bool,
    /// Rung after every change by any process. It carries no data: a watch knows its position.
    pub(super) bell: signal::Sender<()>,
}

impl SharedStore {
    pub(super) fn named(&self) -> Named<'_> {
        Named { name: &self.name, id: self.id }
    }
}

/// The threads of a database, until it is closed.
#[derive(Default)]
struct Threads {
    keeper: Option<Worker>,
    lookout: Option<Worker>,
    stop: bool,
}

/// The most rows that one transaction ends. Writers get their turn between two of them.
const EXPIRED_AT_ONCE: usize = 1000;
/// The most rows of a deleted store that one transaction removes.
const REMOVED_AT_ONCE: usize = 10_000;
/// The longest that the keeper sleeps, in case an alarm was missed.
const IDLE: Duration = Duration::from_secs(1);
/// How often the keeper frees the reader slots of killed processes.
const TIDY: Duration = Duration::from_secs(30);
/// How often the lookout checks that the engine's file is still there.
const LOOK: Duration = Duration::from_millis(400);

impl<E: Engine> Database<E> {
    /// A database with one user.
    pub(super) fn new(engine: E) -> Self {
        Self {
            users: Mutex::new(1),
            engine,
            stores: RwLock::default(),
            threads: Mutex::default(),
            lookout: Arc::default(),
            owner: Process::this(),
        }
    }

    /// Adds a user, unless the database is closing or a parent process opened it.
    pub(super) fn join(&self) -> bool {
        let mut users = self.users.lock();
        let open = *users > 0 && self.owner.is_this();
        *users += usize::from(open);
        open
    }

    /// Takes a user away, and closes with the last one.
    pub(super) fn leave(&self) {
        if self.is_left_by_the_last() {
            self.close();
        }
    }

    /// Takes a user away without waiting. The last user's database is closed by a thread of its own,
    /// since closing may wait for a thread that itself waits for another process.
    pub(super) fn leave_at_once(self: &Arc<Self>) {
        if !self.is_left_by_the_last() {
            return;
        }
        if !E::BLOCKS && self.threads.lock().keeper.is_none() {
            return self.close();
        }
        let database = self.clone();
        if let Err(error) = Worker::spawn("slipstream-close", move || database.close()) {
            tracing::warn!(%error, "no thread to close a store on, so its last user closes it");
            self.close();
        }
    }

    /// Takes a user away. True if it was the last one and this process opened the database: a forked
    /// child does not close what its parent opened.
    fn is_left_by_the_last(&self) -> bool {
        let mut users = self.users.lock();
        *users = users.saturating_sub(1);
        *users == 0 && self.owner.is_this()
    }

    /// Opens a store that exists, as it is (L2).
    pub(super) fn find(&self, config: &StoreConfig) -> Result<Option<Arc<SharedStore>>, KvError> {
        let meta = self.engine.read(|txn| StoreMeta::load(txn, &config.name))?;
        Ok(meta.map(|meta| self.open(meta, config)))
    }

    /// Makes a store and opens it; another process may have made it meanwhile.
    pub(super) fn create(&self, config: &StoreConfig) -> Result<Arc<SharedStore>, KvError> {
        let incarnation = getrandom::u64().map_err(|error| {
            KvError::OperationFailed(format!("no random numbers to be had: {error}"))
        })?;
        let meta = self.engine.change(|txn| StoreMeta::create(txn, config, incarnation))?;
        Ok(self.open(meta, config))
    }

    /// The names of the stores, sorted (R7).
    pub(super) fn names(&self) -> Result<Vec<String>, KvError> {
        self.engine.read(StoreMeta::names)
    }

    /// Deletes a store (R7). It is there no more when the first change is committed; its rows, and
    /// those that a killed process left, are removed after that, so that others have their turn.
    pub(super) fn delete(&self, name: &str) -> Result<(), KvError> {
        if !self.engine.change(|txn| StoreMeta::delete(txn, name))? {
            return Err(KvError::StoreNotFound);
        }
        if let Some(store) = self.stores.write().remove(name) {
            store.bell.send_replace(());
        }
        while let Some(store) = self.engine.read(meta::abandoned)? {
            while self.engine.change(|txn| meta::remove_rows(txn, store, REMOVED_AT_ONCE))? {}
        }
        Ok(())
    }

    fn open(&self, meta: StoreMeta, config: &StoreConfig) -> Arc<SharedStore> {
        let mut stores = self.stores.write();
        if let Some(store) = stores.get(&config.name) {
            if store.incarnation == meta.incarnation {
                return store.clone();
            }
            // Another process deleted that one, and its watches here are to end.
            store.bell.send_replace(());
        }
        let differences = meta.differences(config);
        if !differences.is_empty() {
            tracing::info!(
                store = config.name,
                ?differences,
                "the store exists with another configuration and is opened as it is"
            );
        }
        let store = SharedStore {
            name: config.name.clone(),
            id: meta.id,
            incarnation: meta.incarnation,
            ages: meta.max_age != 0,
            bell: signal::Sender::new(()),
        };
        let store = Arc::new(store);
        stores.insert(config.name.clone(), store.clone());
        store
    }

    /// The counters of an open store; `StoreNotFound` once it was deleted.
    pub(super) fn meta(txn: &dyn ReadTxn, store: &SharedStore) -> Result<StoreMeta, KvError> {
        StoreMeta::of(txn, &store.name, store.id)?.ok_or(KvError::StoreNotFound)
    }

    /// Starts the keeper unless it runs. It is needed once an entry can end or a watch is open.
    pub(super) fn keep(self: &Arc<Self>) {
        let mut threads = self.threads.lock();
        if threads.keeper.is_none() && !threads.stop {
            let database = Arc::downgrade(self);
            let alarm = self.engine.alarm();
            let run = move || Self::run(&database, &*alarm);
            threads.keeper = Worker::spawn("slipstream-keeper", run)
                .inspect_err(|error| tracing::error!(%error, "no thread for the keeper"))
                .ok();
        }
    }

    /// Starts the lookout. It notices within a second that the engine's file is lost, and wakes the
    /// watches, whose next read then fails.
    pub(super) fn look_out(self: &Arc<Self>) {
        let database = Arc::downgrade(self);
        let alarm = self.lookout.clone();
        let run = move || {
            while let Some(database) = database.upgrade() {
                if database.threads.lock().stop {
                    return;
                }
                if database.engine.loss().is_some() {
                    database.ring();
                }
                drop(database);
                alarm.wait(LOOK);
            }
        };
        self.threads.lock().lookout = Worker::spawn("slipstream-lookout", run)
            .inspect_err(|error| tracing::error!(%error, "no thread for the lookout"))
            .ok();
    }

    fn run(database: &Weak<Self>, alarm: &dyn Alarm) {
        let mut tidied = Instant::now();
        // The database is not held while this sleeps, so that it closes with its last connection.
        while let Some(database) = database.upgrade() {
            if database.threads.lock().stop || database.engine.loss().is_some() {
                return;
            }
            if database.engine.has_changes() {
                database.ring();
            }
            let next = database.end_what_is_due().unwrap_or_else(|error| {
                tracing::warn!(%error, "ending what is due failed; it is tried again");
                None
            });
            if tidied.elapsed() > TIDY {
                database.engine.tidy();
                tidied = Instant::now();
            }
            drop(database);
            let until = next.map_or(IDLE, |deadline| {
                Duration::from_millis(deadline.saturating_sub(clock::now())).min(IDLE)
            });
            alarm.wait(until);
        }
    }

    /// Ends the keeper and the lookout, and closes the engine.
    fn close(&self) {
        let workers = {
            let mut threads = self.threads.lock();
            threads.stop = true;
            [threads.keeper.take(), threads.lookout.take()]
        };
        self.engine.alarm().ring();
        self.lookout.ring();
        for worker in workers.into_iter().flatten() {
            worker.join();
        }
        self.engine.close();
    }

    /// Ends the entries of every open store whose time is over. Returns when the next one ends.
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
