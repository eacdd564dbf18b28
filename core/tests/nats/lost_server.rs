//! Watches whose consumer goes away with its server, in a cluster that lives on (rules S7, S11).
//!
//! `SLIPSTREAM_LONG=20` loses so many servers instead of two.

use crate::place::Place;
use serde_json::{Map, Value};
use slipstream::key::KeySet;
use slipstream::kv::{BatchLimit, WatchSource};
use slipstream::{Connection, KvStore, NatsConnection, StoreConfig, VersionToken, WatchCursor};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long a reader waits that gives up.
const MOMENT: Duration = Duration::from_millis(500);
/// What fits into the requests of a new consumer.
const STATE: usize = 300;
const LATER: usize = 50;
const LAST: &str = "last";
/// The server that the watch is connected to, which stays.
const OURS: &str = "n1";
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a watch may need to go on: to notice, to let go of the consumer, to make another.
const GOES_ON: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Fresh,
    Resumed,
    /// Others write all the time.
    Busy,
    /// It is synced, and its reader gives up again and again.
    Synced,
}

fn call(name: &str, value: &str) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.into())])
}

/// The servers that the consumers of a store are on; nothing where nobody can tell.
async fn consumers(place: &Place, store: &str) -> Option<Vec<String>> {
    let consumers = place.call("consumers", &call("store", store)).await.ok()?;
    let servers = consumers.as_object()?.values();
    Some(servers.map(|server| server.as_str().unwrap().to_owned()).collect())
}

/// The server that the only consumer of a store is on.
async fn consumers_server(place: &Place, store: &str) -> String {
    loop {
        if let Some([server]) = consumers(place, store).await.as_deref() {
            return server.clone();
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn version(token: &VersionToken) -> u64 {
    token.as_u64().unwrap()
}

/// Puts until that is certain.
async fn put(store: &Arc<dyn KvStore>, key: &str) -> u64 {
    let writer = store.writer().unwrap();
    loop {
        match writer.put(key, key.as_bytes()).await {
            Ok(written) => return version(&written),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// A watch that has begun, with its consumer on another server, and what it was told. It is synced
/// only where that is wanted: else it was told one update of its first state.
async fn begun(
    place: &Place,
    store: &Arc<dyn KvStore>,
    cursor: &WatchCursor,
    kind: Kind,
) -> (Box<dyn WatchSource>, Vec<(u64, String)>, String) {
    let watcher = store.watcher().unwrap();
    loop {
        let mut watch = watcher.source(&KeySet::everything(), cursor).unwrap().unwrap();
        let mut told = Vec::new();
        let mut synced = false;
        while told.is_empty() || matches!(kind, Kind::Synced) && !synced {
            let limit = BatchLimit { items: 1, ..BatchLimit::default() };
            let batch = watch.next_batch(limit).await.unwrap().unwrap();
            told.extend(batch.iter().map(|it| (version(it.version), it.key.to_owned())));
            synced |= batch.is_synced();
        }
        let server = consumers_server(place, store.name()).await;
        if server != OURS {
            return (watch, told, server);
        }
        drop(watch);
        while consumers(place, store.name()).await.is_none_or(|left| !left.is_empty()) {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Loses the server of a watch's consumer for a time, and returns how long the watch took to tell
/// everything that was written meanwhile.
async fn lose(place: &Place, number: usize, kind: Kind, away: Duration) -> Duration {
    let connection = NatsConnection::builder(&place.urls[OURS]).build();
    connection.connect().await.unwrap();
    let config = StoreConfig {
        name: format!("run{number}"),
        num_replicas: Some(3),
        ..StoreConfig::default()
    };
    let store = connection.store_with_config(config).await.unwrap();
    let mut cursor = WatchCursor::none();
    for key in 0..STATE {
        let written = put(&store, &format!("state.{key}")).await;
        if key == STATE / 3 && matches!(kind, Kind::Resumed) {
            cursor = WatchCursor::from_u64(written);
        }
    }
    place.call("wait_current", &call("store", store.name())).await.unwrap();
    let (mut watch, mut told, server) = begun(place, &store, &cursor, kind).await;

    place.call("kill", &call("server", &server)).await.unwrap();
    let lost = Instant::now();
    let done = Arc::new(AtomicBool::new(false));
    let busy = matches!(kind, Kind::Busy).then(|| {
        let (store, done) = (store.clone(), done.clone());
        tokio::spawn(async move {
            for key in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                put(&store, &format!("busy.{}", key % 10)).await;
            }
        })
    });
    let (_, end) = tokio::join!(
        async {
            sleep(away).await;
            place.call("start", &call("server", &server)).await.unwrap();
        },
        async {
            for key in 0..LATER {
                put(&store, &format!("later.{key}")).await;
            }
            let last = put(&store, LAST).await;
            let wrote = Instant::now();
            let (mut synced, patience) = match kind {
                Kind::Synced => (true, MOMENT),
                _ => (false, GOES_ON),
            };
            let reading = timeout(GOES_ON, async {
                while !synced || told.last().is_none_or(|(version, _)| *version < last) {
                    let next = timeout(patience, watch.next_batch(BatchLimit::default()));
                    let Ok(batch) = next.await else { continue };
                    let batch = batch.unwrap().unwrap();
                    synced |= batch.is_synced();
                    told.extend(batch.iter().map(|it| (version(it.version), it.key.to_owned())));
                }
            });
            let ended = reading.await;
            let (count, after) = (told.len(), lost.elapsed());
            assert!(
                ended.is_ok(),
                "run {number}, {kind:?}, away for {away:?}: told {count}, synced: {synced}, and \
                 then nothing, {after:?} after its consumer's server was lost"
            );
            // In order and nothing twice.
            assert!(told.is_sorted_by(|one, next| one.0 < next.0), "{told:?}");
            (told, wrote.elapsed())
        }
    );
    done.store(true, Ordering::Relaxed);
    if let Some(busy) = busy {
        busy.await.unwrap();
    }
    let (told, took) = end;
    // Nothing was lost: of every key the last version that was written by then.
    let told: BTreeMap<String, u64> =
        told.into_iter().map(|(version, key)| (key, version)).collect();
    let after = cursor.as_u64().unwrap_or(0);
    for entry in store.reader().scan("").await.unwrap() {
        let is_busy = entry.key.starts_with("busy.");
        if version(&entry.version) > after && !is_busy {
            assert_eq!(told.get(&entry.key), Some(&version(&entry.version)), "{}", entry.key);
        }
    }
    place.call("wait_current", &call("store", store.name())).await.unwrap();
    drop(watch);
    connection.shutdown().await.unwrap();
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s7_a_watch_outlives_the_server_of_its_consumer() {
    let long = std::env::var("SLIPSTREAM_LONG").ok();
    let runs: usize = long.as_ref().map_or(2, |runs| runs.parse().unwrap());
    let place = Place::of("cluster").await.unwrap();
    for number in 0..runs {
        let kind = [Kind::Fresh, Kind::Synced, Kind::Resumed, Kind::Busy][number % 4];
        let away = Duration::from_secs([1, 0, 2, 3][(number + number / 4) % 4]);
        let took = timeout(PATIENCE * 2, lose(&place, number, kind, away)).await;
        let took = took.unwrap_or_else(|_| panic!("run {number}, {kind:?}, {away:?}"));
        println!("run {number}: {kind:?}, away for {away:?}: went on after {took:?}");
    }
}
