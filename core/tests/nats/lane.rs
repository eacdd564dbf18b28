//! The second connection of a session, which carries its requests, is cut or says nothing.

use crate::place::Place;
use crate::tap::Tap;
use futures_util::future::join_all;
use slipstream::handle::{ConnectOptions, Session, Store, connect};
use slipstream::kv::{BatchLimit, UpdateKind};
use slipstream::{KvError, StoreConfig, WatchCursor};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);
const KEYS: usize = 50;

async fn opened(tap: &Tap) -> (Session, Store) {
    let session = connect(&tap.url, ConnectOptions::default()).await.unwrap();
    let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
    let store = session.store(config).await.unwrap();
    carried(tap, &store, 2).await;
    (session, store)
}

/// Writes until so many connections were made and the last of them carries requests.
async fn carried(tap: &Tap, store: &Store, connections: usize) {
    let writes = async {
        while tap.connections() < connections || !tap.last_carries() {
            store.put("warm", b"1", None).await.unwrap();
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, writes).await.expect("the connection for requests is opened again");
}

#[tokio::test]
async fn w6_writes_in_flight_are_in_doubt_and_nothing_else_notices_a_cut() {
    let place = Place::fresh().await.unwrap();
    let tap = Tap::of(&place.urls["server"]);
    let (session, store) = opened(&tap).await;
    let watch = store.watch(&["key."], &WatchCursor::none()).unwrap();
    let keys: Vec<_> = (0..KEYS).map(|number| format!("key.{number}")).collect();
    for round in 0..10 {
        let value = round.to_string();
        let writes = keys.iter().map(|key| store.put(key, value.as_bytes(), None));
        let reads = (0..KEYS).map(|_| store.get("warm"));
        let cut = async { tap.cut_last() };
        let (outcomes, reads, ()) = tokio::join!(join_all(writes), join_all(reads), cut);
        assert!(reads.iter().all(|read| read.as_ref().is_ok_and(Option::is_some)), "{reads:?}");
        for (key, outcome) in keys.iter().zip(outcomes) {
            match outcome {
                Ok(version) => {
                    let found = store.get(key).await.unwrap().unwrap();
                    assert_eq!((found.version, found.value), (version, value.clone().into()));
                }
                Err(failure) => {
                    assert!(matches!(failure.error, KvError::ConnectionFailed(_)), "{failure:?}");
                }
            }
        }
        assert!(session.is_healthy());
        carried(&tap, &store, round + 3).await;
    }
    store.put("key.end", b"end", None).await.unwrap();
    let (mut last, mut version) = (HashMap::new(), 0);
    while !last.contains_key("key.end") {
        let batch = timeout(PATIENCE, watch.next_batch(BatchLimit::default())).await.unwrap();
        for update in batch.unwrap().expect("the watch goes on").iter() {
            assert_eq!(update.kind, UpdateKind::Put);
            let seen = update.version.as_u64().unwrap();
            assert!(seen > version, "{seen} is told after {version}");
            version = seen;
            last.insert(update.key.to_owned(), update.value.to_vec());
        }
    }
    for key in &keys {
        let found = store.get(key).await.unwrap();
        assert_eq!(last.get(key), found.map(|entry| entry.value).as_ref(), "{key}");
    }
}

#[tokio::test]
async fn l3_reads_go_the_other_way_when_the_second_connection_says_nothing() {
    let place = Place::fresh().await.unwrap();
    let tap = Tap::of(&place.urls["server"]);
    let (session, store) = opened(&tap).await;
    tap.stall_last();
    let stalled = Instant::now();
    let read = timeout(PATIENCE, store.get("warm")).await.unwrap().unwrap();
    assert_eq!(read.unwrap().value, b"1");
    assert!(session.is_healthy());
    // It is given up, and another one opened.
    while tap.connections() < 3 {
        assert!(stalled.elapsed() < PATIENCE);
        let _ = timeout(Duration::from_millis(100), store.get("warm")).await;
    }
    carried(&tap, &store, 3).await;
    assert_eq!(store.get("warm").await.unwrap().unwrap().value, b"1");
}
