use super::alarm::{Alarm, LocalAlarm};
use super::clock;
use super::engine::{Engine, ReadTxn};
use super::meta::StoreMeta;
use super::rules;
use super::worker::Worker;
use crate::fork;
use crate::kv::KvError;
use crate::lock::{Mutex, RwLock};
use crate::store::StoreConfig;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch as signal;

/// An engine with the stores that are open on it, and the thread that keeps them: it ends what is
/// due and tells watches of changes that other processes made.
///
/// Several connections may share one. It closes with the last of them, whoever else holds it.
pub(super) struct Database<E: Engine> {
    pub(super) engine: E,
    stores: RwLock<HashMap<String, Arc<OpenStore>>>,
    keeper: Mutex<Keeper>,
    /// What the lookout sleeps on.
    lookout: Arc<LocalAlarm>,
    /// Connections that use it; nobody can join once the last has left.
    users: Mutex<usize>,
    generation: u64,
}

/// A store that is open in this process.
#[derive(Debug)]
pub(super) struct OpenStore {
    pub(super) name: String,
    pub(super) id: u32,
    pub(super) incarnation: u64,
    /// Whether every entry ends some time.
    pub(super) ages: bool,
    /// Rung after every change, by anyone. It says nothing but "look": a watch knows its position.
    pub(super) bell: signal::Sender<()>,
}

#[derive(Default)]
struct Keeper {
    worker: Option<Worker>,
    lookout: Option<Worker>,
    stop: bool,
}

/// Rows ended in one transaction, so that a mass expiry does not hold up writers.
const EXPIRED_AT_ONCE: usize = 1000;
/// How long the keeper sleeps with nothing due: a safety net under the alarm.
const IDLE: Duration = Duration::from_secs(1);
/// How often the keeper clears up after processes that were killed.
const TIDY: Duration = Duration::from_secs(30);
/// How often it is looked whether what is under the engine is still there.
const LOOK: Duration = Duration::from_millis(400);

impl<E: Engine> Database<E> {
    /// A database with one user.
    pub(super) fn new(engine: E) -> Self {
        Self {
            users: Mutex::new(1),
            engine,
            stores: RwLock::default(),
            keeper: Mutex::default(),
            lookout: Arc::default(),
            generation: fork::generation(),
        }
    }

    /// Adds a user, unless the database is closing or a parent process opened it.
    pub(super) fn join(&self) -> bool {
        let mut users = self.users.lock();
        let open = *users > 0 && self.generation == fork::generation();
        *users += usize::from(open);
        open
    }

    /// Takes a user away, and closes with the last one. What a parent process opened is not closed
    /// in its child.
    pub(super) fn leave(&self) {
        let last = {
            let mut users = self.users.lock();
            *users = users.saturating_sub(1);
            *users == 0
        };
        if last && self.generation == fork::generation() {
            self.close();
        }
    }

    /// Opens a store that exists, as it is (L2).
    pub(super) fn find(&self, config: &StoreConfig) -> Result<Option<Arc<OpenStore>>, KvError> {
        if let Some(store) = self.stores.read().get(&config.name) {
            return Ok(Some(store.clone()));
        }
        let meta = self.engine.read(|txn| StoreMeta::load(txn, &config.name))?;
        Ok(meta.map(|meta| self.open(meta, config)))
    }

    /// Makes a store and opens it; another process may have made it meanwhile.
    pub(super) fn create(&self, config: &StoreConfig) -> Result<Arc<OpenStore>, KvError> {
        let incarnation = getrandom::u64().map_err(|error| {
            KvError::OperationFailed(format!("no random numbers to be had: {error}"))
        })?;
        let meta = self.engine.change(|txn| StoreMeta::create(txn, config, incarnation))?;
        Ok(self.open(meta, config))
    }

    fn open(&self, meta: StoreMeta, config: &StoreConfig) -> Arc<OpenStore> {
        let differences = meta.differences(config);
        if !differences.is_empty() {
            tracing::info!(
                store = config.name,
                ?differences,
                "the store exists with another configuration and is opened as it is"
            );
        }
        let store = OpenStore {
            name: config.name.clone(),
            id: meta.id,
            incarnation: meta.incarnation,
            ages: meta.max_age != 0,
            bell: signal::Sender::new(()),
        };
        self.stores.write().entry(config.name.clone()).or_insert(Arc::new(store)).clone()
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
        if keeper.worker.is_none() && !keeper.stop {
            let database = Arc::downgrade(self);
            let alarm = self.engine.alarm();
            let run = move || Self::run(&database, &*alarm);
            keeper.worker = Worker::spawn("slipstream-keeper", run)
                .inspect_err(|error| tracing::error!(%error, "no thread for the keeper"))
                .ok();
        }
    }

    /// Starts the lookout, which notices within a second that what is under the engine is lost, and
    /// has watches look, which find out then.
    pub(super) fn look_out(self: &Arc<Self>) {
        let database = Arc::downgrade(self);
        let alarm = self.lookout.clone();
        let run = move || {
            while let Some(database) = database.upgrade() {
                if database.keeper.lock().stop {
                    return;
                }
                if database.engine.loss().is_some() {
                    database.ring();
                }
                drop(database);
                alarm.wait(LOOK);
            }
        };
        self.keeper.lock().lookout = Worker::spawn("slipstream-lookout", run)
            .inspect_err(|error| tracing::error!(%error, "no thread for the lookout"))
            .ok();
    }

    fn run(database: &Weak<Self>, alarm: &dyn Alarm) {
        let mut tidied = Instant::now();
        // The database is not held while this sleeps, so that it closes with its last connection.
        while let Some(database) = database.upgrade() {
            if database.keeper.lock().stop || database.engine.loss().is_some() {
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

    /// Ends the keeper and the lookout, and lets go of the engine.
    fn close(&self) {
        let workers = {
            let mut keeper = self.keeper.lock();
            keeper.stop = true;
            [keeper.worker.take(), keeper.lookout.take()]
        };
        self.engine.alarm().ring();
        self.lookout.ring();
        for worker in workers.into_iter().flatten() {
            worker.join();
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
