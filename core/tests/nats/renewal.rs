//! The client of a connection ends, which only what no server says makes it do.

use crate::place::Place;
use crate::tap::Tap;
use slipstream::key::KeySet;
use slipstream::kv::{BatchLimit, UpdateKind, WatchSource};
use slipstream::{Connection, KvError, KvStore, NatsConnection, StoreConfig, WatchCursor};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_secs(1);

/// What async-nats panics over, or cuts its connection.
const SAID: [&[u8]; 6] = [
    b"MSG x 1 18446744073709551615\r\n",
    b"HMSG x 1 12 18446744073709551615\r\n",
    b"-ERR\r\n",
    b"HMSG x 1 20 20\r\nNATS/1.0\r\nX: a\rb\r\n\r\n\r\n",
    b"INFO {\r\n",
    b"MSG x\r\n",
];

async fn opened(connection: &NatsConnection) -> Arc<dyn KvStore> {
    connection.connect().await.unwrap();
    let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
    connection.store_with_config(config).await.unwrap()
}

async fn until(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// Reads a watch until it tells this value.
async fn told(watch: &mut dyn WatchSource, value: &[u8]) {
    loop {
        let batch = watch.next_batch(BatchLimit::default()).await.unwrap().expect("it goes on");
        if batch.iter().any(|it| it.kind == UpdateKind::Put && it.value == value) {
            return;
        }
    }
}

/// Which connection is told something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    /// The first, and the one that is made for it.
    Client,
    /// The one that carries requests.
    Lane,
}

/// Everything goes on whatever the victim is told.
async fn outlives(tap: Tap, victim: Victim, all_said: &[&[u8]]) {
    let connection = NatsConnection::builder(&tap.url).build();
    let store = opened(&connection).await;
    let (writer, reader) = (store.writer().unwrap(), store.reader());
    let watcher = store.watcher().unwrap();
    let mut watch = watcher.source(&KeySet::everything(), &WatchCursor::none()).unwrap().unwrap();
    writer.put("key", b"first").await.unwrap();
    timeout(PATIENCE, told(&mut *watch, b"first")).await.unwrap();
    for (round, said) in all_said.iter().enumerate() {
        // One that is being made yet would be refused, and made again after a while only.
        let carried = async {
            while victim == Victim::Lane && !tap.last_carries() {
                let _ = writer.put("warm", b"1").await;
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, carried).await.unwrap();
        let before = tap.connections();
        tap.say(if victim == Victim::Client && round == 0 { 0 } else { before - 1 }, said);
        // A lane is made anew for whoever needs it.
        let renewed = async {
            while tap.connections() == before {
                let _ = writer.put("warm", b"1").await;
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON * 3, renewed).await.expect("another connection is made");
        until(PATIENCE, "it is healthy", || connection.is_healthy()).await;
        let value = round.to_string();
        let written = async {
            while writer.put("key", value.as_bytes()).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, written).await.unwrap();
        timeout(PATIENCE, told(&mut *watch, value.as_bytes())).await.unwrap();
        let read = timeout(PATIENCE, reader.get("key")).await.unwrap().unwrap().unwrap();
        assert_eq!(read.value, value.as_bytes());
    }
    connection.shutdown().await.unwrap();
    assert!(!connection.is_healthy());
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    drop((watch, watcher, reader, writer, store));
    until(PATIENCE, "every task has ended", || alive() == 0).await;
}

#[tokio::test]
async fn x1_a_client_that_ends_is_made_anew() {
    let place = Place::fresh().await.unwrap();
    outlives(Tap::of(&place.urls["server"]), Victim::Client, &SAID).await;
}

#[tokio::test]
async fn x1_a_lane_is_cut_by_what_is_no_nats() {
    let place = Place::fresh().await.unwrap();
    let said = [SAID[0], SAID[1], SAID[2], SAID[5]];
    outlives(Tap::of(&place.urls["server"]), Victim::Lane, &said).await;
}

#[tokio::test]
async fn x1_a_version_that_is_no_version_panics_nowhere() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let version = "99999999999999999999.1.1";
            let info = format!("INFO {{\"version\":\"{version}\",\"max_payload\":1024}}\r\n");
            client.write_all(info.as_bytes()).unwrap();
            let mut said = [0; 4096];
            while let Ok(1..) = client.read(&mut said) {
                let _ = client.write_all(b"PONG\r\n");
            }
        }
    });
    let connection = NatsConnection::builder(url).build();
    connection.connect().await.unwrap();
    assert!(!connection.capabilities().ttl);
    assert_eq!(connection.capabilities().max_value_size, 1024);
    connection.shutdown().await.unwrap();
}

#[tokio::test]
async fn x1_the_end_of_a_client_that_was_handed_in_is_told_within_a_second() {
    let place = Place::fresh().await.unwrap();
    let tap = Tap::of(&place.urls["server"]);
    let client = async_nats::connect(&tap.url).await.unwrap();
    let connection = NatsConnection::from_client(client);
    let store = opened(&connection).await;
    let watcher = store.watcher().unwrap();
    let mut watch = watcher.source(&KeySet::everything(), &WatchCursor::none()).unwrap().unwrap();
    let first = timeout(PATIENCE, watch.next_batch(BatchLimit::default())).await.unwrap();
    assert!(first.unwrap().expect("a mark").is_synced());
    tap.say(0, SAID[0]);
    until(SOON, "the end is noticed", || !connection.is_healthy()).await;
    let has_ended = |error: KvError| match error {
        KvError::ConnectionFailed(text) => text.contains("has ended"),
        _ => false,
    };
    let batch = timeout(SOON, watch.next_batch(BatchLimit::default())).await.unwrap();
    assert!(has_ended(batch.expect_err("the watch ends")));
    assert!(has_ended(store.reader().get("key").await.unwrap_err()));
    assert!(has_ended(store.writer().unwrap().put("key", b"1").await.unwrap_err()));
    assert!(has_ended(connection.store("nodes").await.err().unwrap()));
    assert!(has_ended(connection.connect().await.unwrap_err()));
    sleep(SOON).await;
    assert!(!connection.is_healthy());
    connection.shutdown().await.unwrap();
    assert_eq!(store.reader().get("key").await.unwrap_err(), KvError::NotConnected);
}

#[tokio::test]
async fn x1_a_server_that_says_no_nats_is_one_that_cannot_be_connected_to() {
    for said in SAID.into_iter().chain([&b"INFO {}\r\n-ERR\r\n"[..]]) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.write_all(said).unwrap();
            // Until the client has gone.
            while let Ok(1..) = client.read(&mut [0; 1024]) {}
        });
        let connection =
            NatsConnection::builder(url).connect_timeout(Duration::from_millis(500)).build();
        let failed = timeout(PATIENCE, connection.connect()).await.unwrap();
        assert!(matches!(failed, Err(KvError::ConnectionFailed(_))), "{failed:?}");
        assert!(!connection.is_healthy());
        server.join().unwrap();
    }
}
