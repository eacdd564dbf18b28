//! Durations given to the traits are bounded, and none wraps, on every backend (G1).

use crate::place::Place;
use slipstream::handle::{self, ConnectOptions};
use slipstream::kv::MAX_DURATION;
use slipstream::{Connection, EmbeddedConnection, KvError, NatsConnection, StoreConfig};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Each of these is longer than some clock can hold.
fn too_long() -> impl Iterator<Item = Duration> {
    let seconds =
        [1 << 32, i64::MAX as u64 / 1_000_000_000, u64::MAX / 1_000_000_000, u64::MAX / 1000]
            .into_iter()
            .chain([u64::MAX / 1000 + 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX]);
    let around = seconds.map(Duration::from_secs);
    around.chain([MAX_DURATION + Duration::from_nanos(1), Duration::MAX])
}

fn refused<T: std::fmt::Debug>(name: &str, outcome: Result<T, KvError>) {
    match outcome {
        Err(KvError::InvalidArgument(why)) if why.contains(name) => {}
        outcome => panic!("{name}: {outcome:?}"),
    }
}

#[tokio::test]
async fn g1_a_time_that_a_store_cannot_hold_is_refused_by_every_backend() {
    let place = Place::fresh().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backends: [Arc<dyn Connection>; 3] = [
        Arc::new(EmbeddedConnection::memory()),
        Arc::new(EmbeddedConnection::file(folder.path().join("state.db"))),
        Arc::new(NatsConnection::builder(&place.urls["server"]).build()),
    ];
    for connection in backends {
        connection.connect().await.unwrap();
        let store = connection.store("nodes").await.unwrap();
        let (reader, ttl) = (store.reader(), store.ttl_writer().unwrap());
        let version = ttl.put("k", b"v").await.unwrap();
        for time in too_long().chain([Duration::ZERO]) {
            refused("ttl", ttl.put_with_ttl("k", b"x", time).await);
            refused("ttl", ttl.create_with_ttl("new", b"x", time).await);
            refused("ttl", ttl.update_with_ttl("k", b"x", &version, time).await);
            let config =
                StoreConfig { name: "fresh".into(), max_age: Some(time), ..StoreConfig::default() };
            refused("max_age", connection.store_with_config(config).await.map(drop));
        }
        assert_eq!(reader.get("k").await.unwrap().unwrap().version, version);
        assert_eq!(reader.keys("").await.unwrap(), ["k"]);
        ttl.put_with_ttl("longest", b"v", MAX_DURATION).await.unwrap();
        ttl.create_with_ttl("created", b"v", MAX_DURATION).await.unwrap();
        ttl.update_with_ttl("k", b"v", &version, MAX_DURATION).await.unwrap();
        let config = StoreConfig {
            name: "aged".into(),
            max_age: Some(MAX_DURATION),
            ..StoreConfig::default()
        };
        let aged = connection.store_with_config(config).await.unwrap();
        aged.writer().unwrap().put("a", b"v").await.unwrap();
        tokio::time::sleep(SECOND / 20).await;
        assert_eq!(reader.keys("").await.unwrap(), ["created", "k", "longest"]);
        assert!(aged.reader().get("a").await.unwrap().is_some());
        connection.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn g1_a_deadline_that_no_clock_can_hold_is_refused() {
    let place = Place::fresh().await.unwrap();
    let server = &place.urls["server"];
    for time in too_long() {
        let connection = NatsConnection::builder(server).timeout(time).build();
        refused("timeout", connection.connect().await);
        let connection = NatsConnection::builder(server).connect_timeout(time).build();
        refused("connect_timeout", connection.connect().await);
        for url in ["memory:", server] {
            let timeout = ConnectOptions { timeout: time, ..ConnectOptions::default() };
            refused("timeout", handle::connect(url, timeout).await.map_err(|it| it.error));
            let connecting = ConnectOptions { connect_timeout: time, ..ConnectOptions::default() };
            refused(
                "connect_timeout",
                handle::connect(url, connecting).await.map_err(|it| it.error),
            );
        }
    }
    let longest = ConnectOptions {
        timeout: MAX_DURATION,
        connect_timeout: MAX_DURATION,
        ..ConnectOptions::default()
    };
    for url in ["memory:", server] {
        let session = handle::connect(url, longest.clone()).await.unwrap();
        let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
        let store = session.store(config).await.unwrap();
        let version = store.put("k", b"v", None).await.unwrap();
        assert_eq!(store.get("k").await.unwrap().unwrap().version, version);
        session.close().await.unwrap();
    }
}
