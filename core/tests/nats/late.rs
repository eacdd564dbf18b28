//! The Rust traits end in time whatever the way to the server has come to (contract rule L3).

use crate::place::Place;
use futures_util::future::join_all;
use serde_json::Map;
use slipstream::kv::KvError;
use slipstream::{Connection, KvStore, NatsConnection, VersionToken};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const LIMIT: Duration = Duration::from_millis(500);
/// Far longer than an operation may take.
const PATIENCE: Duration = Duration::from_secs(20);

type Outcome = Pin<Box<dyn Future<Output = Option<KvError>> + Send>>;

/// Begins an operation, and gives the error it ends with, if it does.
macro_rules! begin {
    ($part:expr, $operation:ident($($argument:expr),*)) => {{
        let part = $part;
        let outcome: Outcome = Box::pin(async move { part.$operation($($argument),*).await.err() });
        (stringify!($operation), outcome)
    }};
}

/// Every operation of a store, begun.
fn operations(store: &Arc<dyn KvStore>) -> Vec<(&'static str, Outcome)> {
    const SECOND: Duration = Duration::from_secs(1);
    let version = || VersionToken::from_u64(1);
    let reader = || store.reader();
    let writer = || store.writer().unwrap();
    let ttl = || store.ttl_writer().unwrap();
    vec![
        begin!(reader(), get("key")),
        begin!(reader(), get_many(&["key", "other"])),
        begin!(reader(), entry("key")),
        begin!(reader(), keys("")),
        begin!(reader(), scan("")),
        begin!(writer(), put("key", b"1")),
        begin!(writer(), create("key", b"1")),
        begin!(writer(), update("key", b"1", &version())),
        begin!(writer(), delete("key")),
        begin!(writer(), delete_with_version("key", &version())),
        begin!(ttl(), put_with_ttl("key", b"1", SECOND)),
        begin!(ttl(), create_with_ttl("key", b"1", SECOND)),
        begin!(ttl(), update_with_ttl("key", b"1", &version(), SECOND)),
        begin!(store.purge_writer().unwrap(), purge("key")),
    ]
}

/// Waits until no write is sent any more: one that was under way when the connection was cut says so.
async fn cut_is_noticed(store: &Arc<dyn KvStore>) {
    let writer = store.writer().unwrap();
    while let Err(KvError::ConnectionFailed(_)) = writer.put("key", b"1").await {}
}

/// Has the proxy do something, and sees every operation end in `Timeout`.
async fn ends_in_time(what: &str) {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["proxy"]).timeout(LIMIT).build();
    connection.connect().await.unwrap();
    let store = connection.store("nodes").await.unwrap();
    store.writer().unwrap().put("key", b"1").await.unwrap();
    place.call(what, &Map::new()).await.unwrap();
    if what == "refuse" {
        timeout(PATIENCE, cut_is_noticed(&store)).await.unwrap();
    }

    if what == "refuse" {
        // What is sent before the cut is noticed is of unknown outcome, and says so.
        timeout(PATIENCE, async {
            while connection.is_healthy() {
                sleep(LIMIT / 50).await;
            }
        })
        .await
        .expect("the cut is noticed");
    }
    let mut operations = operations(&store);
    let opening = async move { connection.store("others").await.err() };
    operations.push(("store", Box::pin(opening)));
    // All at once: after a few seconds of silence the connection counts as cut, and says so.
    let began = Instant::now();
    join_all(operations.into_iter().map(async |(operation, outcome)| {
        let ended = timeout(PATIENCE, outcome).await;
        let ended = ended.unwrap_or_else(|_| panic!("{operation} waits for ever"));
        assert_eq!(ended, Some(KvError::Timeout), "{operation}");
        assert!(began.elapsed() >= LIMIT / 2, "{operation}: after {:?}", began.elapsed());
    }))
    .await;
}

#[tokio::test]
async fn l3_the_traits_end_in_timeout_where_a_server_is_silent() {
    ends_in_time("stall").await;
}

#[tokio::test]
async fn l3_the_traits_end_in_timeout_where_answers_are_lost() {
    ends_in_time("mute").await;
}

#[tokio::test]
async fn l3_the_traits_end_in_timeout_where_no_server_is_to_be_reached() {
    ends_in_time("refuse").await;
}
