//! What anybody who may write one key can store, and what every way of reading makes of it.

use crate::place::Place;
use crate::raw::Raw;
use crate::tap::Tap;
use slipstream::key::KeySet;
use slipstream::kv::{BatchLimit, UpdateKind, WatchSource};
use slipstream::{Connection, KvError, KvStore, NatsConnection, StoreConfig, WatchCursor};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// More keys than one request answers for.
const MANY: usize = 1_100;

/// A message, and whether its key has a value.
struct Poison {
    name: &'static [u8],
    headers: &'static [u8],
    payload: &'static [u8],
    is_value: bool,
}

const fn value(name: &'static [u8], headers: &'static [u8]) -> Poison {
    Poison { name, headers, payload: b"v", is_value: true }
}

const POISON: &[Poison] = &[
    value(b"plain", b""),
    // Headers that async-nats does not survive, or not with its connection.
    value(b"cr", b"NATS/1.0\r\nX: a\rb\r\n\r\n"),
    value(b"no-colon", b"NATS/1.0\r\nnonsense\r\n\r\n"),
    value(b"no-text", b"NATS/1.0\r\nX: \xff\xfe\r\n\r\n"),
    value(b"no-name", b"NATS/1.0\r\nX y\x01: z\r\n\r\n"),
    value(b"version", b"NATS/9.9\r\nX: y\r\n\r\n"),
    value(b"line-feed", b"NATS/1.0\r\nX: y\nNats-Sequence: 1\n\r\n\r\n"),
    // What only the server says.
    value(b"status", b"NATS/1.0 404 Message Not Found\r\n\r\n"),
    value(b"end", b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\n\r\n"),
    value(b"gone", b"NATS/1.0 409 Consumer Deleted\r\n\r\n"),
    value(b"alive", b"NATS/1.0 100 FlowControl Request\r\n\r\n"),
    value(b"huge", b"NATS/1.0 99999999999 X\r\n\r\n"),
    value(
        b"forged",
        b"NATS/1.0\r\nNats-Sequence: 1\r\nNats-Subject: $KV.nodes.all.plain\r\n\
          Nats-Time-Stamp: x\r\nNats-Last-Sequence: 1\r\nNats-Num-Pending: 0\r\n\r\n",
    ),
    value(b"size", b"NATS/1.0\r\nNats-Msg-Size: 0\r\n\r\n"),
    // As `republish` with `headers_only` leaves one.
    Poison {
        name: b"republished",
        headers: b"NATS/1.0\r\nNats-Stream: X\r\nNats-Subject: x\r\nNats-Sequence: 1\r\n\
                   Nats-Last-Sequence: 0\r\nNats-Msg-Size: 7\r\n\r\n",
        payload: b"",
        is_value: false,
    },
    // A key that nobody can name.
    Poison { is_value: false, ..value(b"\xff\xfe", b"") },
    Poison {
        is_value: false,
        ..value(b"\xff\xfd", b"NATS/1.0\r\nNats-Subject: $KV.nodes.all.plain\r\nX: a\rb\r\n\r\n")
    },
];

/// One way to read.
struct Way {
    connection: NatsConnection,
    store: Arc<dyn KvStore>,
    _tap: Option<Tap>,
}

impl Way {
    async fn by(connection: NatsConnection, tap: Option<Tap>) -> Self {
        connection.connect().await.unwrap();
        let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
        let store = connection.store_with_config(config).await.unwrap();
        Self { connection, store, _tap: tap }
    }

    async fn to(url: &str) -> Self {
        Self::by(NatsConnection::builder(url).build(), None).await
    }

    /// Where the second connection is refused.
    async fn to_one(url: &str) -> Self {
        let tap = Tap::of_one(url);
        Self::by(NatsConnection::builder(&tap.url).build(), Some(tap)).await
    }

    async fn from_client(url: &str) -> Self {
        Self::by(NatsConnection::from_client(async_nats::connect(url).await.unwrap()), None).await
    }
}

type Expected = BTreeMap<String, u64>;

/// Stores each of them below a prefix; the keys that have values, and their versions.
fn store(raw: &mut Raw, prefix: &str, version: &mut u64) -> Expected {
    let mut expected = Expected::new();
    for poison in POISON {
        let subject = [b"$KV.nodes.", prefix.as_bytes(), b".", poison.name].concat();
        raw.publish(&subject, poison.headers, poison.payload);
        *version += 1;
        if poison.is_value {
            let name = str::from_utf8(poison.name).unwrap();
            expected.insert(format!("{prefix}.{name}"), *version);
        }
    }
    raw.settle();
    expected
}

async fn lists(store: &dyn KvStore, prefix: &str, expected: &Expected) {
    let reader = store.reader();
    let keys = reader.keys(prefix).await.unwrap();
    assert_eq!(keys.len(), expected.len(), "{prefix:?}");
    assert!(keys.iter().eq(expected.keys()), "{prefix:?}");
    let scan = reader.scan(prefix).await.unwrap();
    let found: Vec<_> =
        scan.iter().map(|it| (it.key.clone(), it.version.as_u64().unwrap())).collect();
    assert!(found.into_iter().eq(expected.clone()), "{prefix:?}");
    assert!(scan.iter().all(|it| it.value == b"v"));
}

async fn reads(store: &dyn KvStore, expected: &Expected) {
    let reader = store.reader();
    for (key, version) in expected {
        for found in [reader.get(key).await.unwrap(), reader.entry(key).await.unwrap()] {
            let found = found.unwrap_or_else(|| panic!("{key} is there"));
            assert_eq!((found.version.as_u64(), &found.value[..]), (Some(*version), &b"v"[..]));
        }
    }
    assert!(reader.get("all.republished").await.unwrap().is_none());
    assert_eq!(reader.entry("all.republished").await.unwrap().unwrap().value, b"");
    let keys: Vec<_> = expected.keys().map(String::as_str).chain(["all.none"]).collect();
    let many = reader.get_many(&keys).await.unwrap();
    let found: Vec<_> = many.iter().flatten().filter_map(|it| it.version.as_u64()).collect();
    assert_eq!(found, expected.values().copied().collect::<Vec<_>>());
    // At once, so that they may share a request.
    let gets = futures_util::future::join_all(keys.iter().map(|key| reader.get(key))).await;
    let found: Vec<_> = gets.into_iter().filter_map(|it| it.unwrap()?.version.as_u64()).collect();
    assert_eq!(found, expected.values().copied().collect::<Vec<_>>());
}

/// Reads a watch until it has told so many values, and its mark if that is still to come.
async fn told(watch: &mut dyn WatchSource, count: usize, mut synced: bool) -> Expected {
    let mut told = Expected::new();
    while told.len() < count || !synced {
        let batch = watch.next_batch(BatchLimit::default()).await.unwrap().expect("it goes on");
        synced |= batch.is_synced();
        for update in batch.iter().filter(|update| update.kind == UpdateKind::Put) {
            assert_eq!(update.value, b"v");
            told.insert(update.key.to_owned(), update.version.as_u64().unwrap());
        }
    }
    told
}

async fn writes(store: &dyn KvStore, expected: &Expected) {
    let writer = store.writer().unwrap();
    for (key, version) in expected {
        let taken = writer.create(key, b"w").await;
        assert!(matches!(taken, Err(KvError::AlreadyExists)), "{key}: {taken:?}");
        let version = slipstream::VersionToken::from_u64(*version);
        writer.update(key, b"w", &version).await.unwrap();
    }
    writer.create("live.republished", b"w").await.unwrap();
}

async fn harms_nobody(place: &Place, way: Way) {
    let nodes = &*way.store;
    let (mut raw, mut version) = (Raw::to(&place.urls["address"]), 0);
    let all = store(&mut raw, "all", &mut version);
    // The first call of the connection that meets any.
    reads(nodes, &all).await;
    lists(nodes, "", &all).await;
    let watcher = nodes.watcher().unwrap();
    let mut watch = watcher
        .source(&KeySet::of_prefixes(&["all.", "live."]).unwrap(), &WatchCursor::none())
        .unwrap()
        .unwrap();
    assert_eq!(told(&mut *watch, all.len(), false).await, all);
    for round in 0..3 {
        let live = store(&mut raw, "live", &mut version);
        assert_eq!(told(&mut *watch, live.len(), true).await, live, "{round}");
    }
    let mut many = Expected::new();
    for number in 0..MANY {
        let key = format!("many.{number:04}");
        raw.publish(format!("$KV.nodes.{key}").as_bytes(), b"", b"v");
        version += 1;
        many.insert(key, version);
    }
    raw.settle();
    lists(nodes, "many.", &many).await;
    let live = store(&mut raw, "live", &mut version);
    lists(nodes, "", &all.iter().chain(&live).chain(&many).map(owned).collect()).await;
    writes(nodes, &live).await;
    assert!(way.connection.is_healthy());
    drop(watch);
    way.connection.shutdown().await.unwrap();
}

fn owned((key, version): (&String, &u64)) -> (String, u64) {
    (key.clone(), *version)
}

#[tokio::test]
async fn x1_n20_n21_poison_harms_nobody_over_the_lane() {
    let place = Place::fresh().await.unwrap();
    let way = Way::to(&place.urls["server"]).await;
    timeout(PATIENCE, harms_nobody(&place, way)).await.unwrap();
}

#[tokio::test]
async fn x1_n20_n21_poison_harms_nobody_where_the_lane_is_refused() {
    let place = Place::fresh().await.unwrap();
    let way = Way::to_one(&place.urls["server"]).await;
    timeout(PATIENCE, harms_nobody(&place, way)).await.unwrap();
}

#[tokio::test]
async fn x1_n20_n21_poison_harms_nobody_over_websockets() {
    let place = Place::fresh().await.unwrap();
    let way = Way::to(&place.urls["websocket"]).await;
    timeout(PATIENCE, harms_nobody(&place, way)).await.unwrap();
}

#[tokio::test]
async fn x1_n20_n21_poison_harms_nobody_over_one_websocket() {
    let place = Place::fresh().await.unwrap();
    let way = Way::to_one(&place.urls["websocket"]).await;
    timeout(PATIENCE, harms_nobody(&place, way)).await.unwrap();
}

#[tokio::test]
async fn x1_n20_n21_poison_harms_nobody_over_a_client_of_ones_own() {
    let place = Place::fresh().await.unwrap();
    let way = Way::from_client(&place.urls["server"]).await;
    timeout(PATIENCE, harms_nobody(&place, way)).await.unwrap();
}
