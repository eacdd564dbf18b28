//! Watches that retention overruns end in an error, and never go on over a hole (rule S5b).
//!
//! `SLIPSTREAM_LONG=100` runs so many of the matrix instead of a handful.

use crate::place::Place;
use futures_util::StreamExt;
use futures_util::stream::iter;
use slipstream::key::KeySet;
use slipstream::kv::{BatchLimit, WatchSource};
use slipstream::{
    Connection, DiscardPolicy, KvError, KvStore, NatsConnection, StoreConfig, VersionToken,
    WatchCursor,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
const LAST: &str = "a.last";
/// What a slow reader takes at once, and how long it rests then.
const SIP: usize = 16;
const REST: Duration = Duration::from_millis(4);

#[derive(Debug, Clone, Copy)]
enum Pace {
    Standing,
    Slow,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    All,
    Prefix,
    PartOfToken,
    Prefixes,
    Resumed,
    Unsynced,
}

const KINDS: [Kind; 6] =
    [Kind::All, Kind::Prefix, Kind::PartOfToken, Kind::Prefixes, Kind::Resumed, Kind::Unsynced];

/// Values of a size, in a store of a size, and so many writes that a reader which stands still is
/// overrun whatever a watch takes in ahead of it.
#[derive(Debug, Clone, Copy)]
struct Load {
    value: usize,
    max_bytes: i64,
    writes: usize,
}

const LOADS: [Load; 3] = [
    Load { value: 100, max_bytes: 64 << 10, writes: 9_000 },
    Load { value: 2_000, max_bytes: 1 << 20, writes: 4_000 },
    Load { value: 64 << 10, max_bytes: 16 << 20, writes: 500 },
];

#[derive(Debug, Clone, Copy)]
struct Run {
    number: usize,
    load: Load,
    writers: usize,
    pace: Pace,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum End {
    Expired,
    Complete,
}

impl Kind {
    fn keys(self) -> KeySet {
        let prefixes: &[&str] = match self {
            Self::All | Self::Unsynced => &[""],
            Self::Prefix | Self::Resumed => &["a."],
            Self::PartOfToken => &["a"],
            Self::Prefixes => &["a.", "c."],
        };
        KeySet::of_prefixes(prefixes).unwrap()
    }
}

/// Every third of the keys is one that most kinds of watches are not told of.
fn key(number: usize) -> String {
    let prefix = ["a", "b", "c"][number % 3];
    format!("{prefix}.{number}")
}

/// The matrix in an order in which any few runs that follow each other differ in everything.
fn run(number: usize) -> Run {
    Run {
        number,
        load: LOADS[number % 3],
        writers: [1, 64][number / 3 % 2],
        pace: [Pace::Standing, Pace::Slow][number / 6 % 2],
        kind: KINDS[(number + number / 12) % 6],
    }
}

async fn opened(url: &str, run: &Run) -> (NatsConnection, Arc<dyn KvStore>) {
    let connection = NatsConnection::builder(url).build();
    connection.connect().await.unwrap();
    let config = StoreConfig {
        name: format!("run{}", run.number),
        max_bytes: Some(run.load.max_bytes),
        discard: DiscardPolicy::Old,
        ..StoreConfig::default()
    };
    let store = connection.store_with_config(config).await.unwrap();
    (connection, store)
}

/// Writes these keys, and returns which version each became, in the order of versions.
async fn write(
    store: &Arc<dyn KvStore>,
    run: &Run,
    numbers: std::ops::Range<usize>,
) -> Vec<(u64, String)> {
    let (writer, value) = (store.writer().unwrap(), vec![b'v'; run.load.value]);
    let puts = numbers.map(|number| {
        let (writer, value, key) = (&writer, &value, key(number));
        async move { (version(&writer.put(&key, value).await.unwrap()), key) }
    });
    let mut log: Vec<_> = iter(puts).buffer_unordered(run.writers).collect().await;
    log.sort();
    log
}

fn version(token: &VersionToken) -> u64 {
    token.as_u64().unwrap()
}

/// Reads a watch to the last key or to its end.
async fn read(watch: &mut dyn WatchSource, pace: Pace, told: &mut Vec<u64>) -> End {
    let limit = match pace {
        Pace::Standing => BatchLimit::default(),
        Pace::Slow => BatchLimit { items: SIP, ..BatchLimit::default() },
    };
    loop {
        match watch.next_batch(limit).await {
            Ok(batch) => {
                let batch = batch.expect("a watch does not end by itself");
                told.extend(batch.iter().map(|update| version(update.version)));
                if batch.iter().any(|update| update.key == LAST) {
                    return End::Complete;
                }
            }
            Err(KvError::CursorExpired) => return End::Expired,
            Err(error) => panic!("{error}"),
        }
        if matches!(pace, Pace::Slow) {
            sleep(REST).await;
        }
    }
}

/// How a watch ends, whose reader is slower than the writers. Fails where it went over a hole.
async fn overrun(url: &str, run: Run) -> End {
    let (reading, store) = opened(url, &run).await;
    let (writing, written) = opened(url, &run).await;
    // Half of what the store holds.
    let state = run.load.max_bytes as usize / (run.load.value + 100) / 2;
    let mut log = write(&written, &run, 0..state).await;
    let cursor = match run.kind {
        Kind::Resumed => WatchCursor::from_u64(log[state / 2].0),
        _ => WatchCursor::none(),
    };
    let watcher = store.watcher().unwrap();
    let mut watch = watcher.source(&run.kind.keys(), &cursor).unwrap().unwrap();
    let mut told = Vec::new();
    loop {
        let limit = BatchLimit { items: 1, ..BatchLimit::default() };
        let batch = watch.next_batch(limit).await.unwrap().unwrap();
        told.extend(batch.iter().map(|update| version(update.version)));
        if batch.is_synced() || run.kind == Kind::Unsynced && !batch.is_empty() {
            break;
        }
    }
    let writer = async {
        let mut log = write(&written, &run, state..state + run.load.writes).await;
        let last = written.writer().unwrap().put(LAST, b"last").await.unwrap();
        log.push((version(&last), LAST.to_owned()));
        log
    };
    let end = match run.pace {
        Pace::Standing => {
            log.extend(writer.await);
            read(&mut *watch, run.pace, &mut told).await
        }
        Pace::Slow => {
            let reader = read(&mut *watch, run.pace, &mut told);
            let (written, end) = tokio::join!(writer, reader);
            log.extend(written);
            end
        }
    };
    let after = cursor.as_u64().unwrap_or(0);
    let watched: Vec<u64> = log
        .iter()
        .filter(|(version, key)| *version > after && run.kind.keys().contains(key))
        .map(|(version, _)| *version)
        .collect();
    // What was told is everything up to the end, in order.
    let hole = told.iter().zip(&watched).find(|(told, watched)| told != watched);
    assert_eq!(hole, None, "{run:?} went over a hole");
    match end {
        End::Complete => assert_eq!(told.len(), watched.len(), "{run:?}"),
        End::Expired => assert!(told.len() < watched.len(), "{run:?} had been told everything"),
    }
    drop(watch);
    writing.shutdown().await.unwrap();
    reading.shutdown().await.unwrap();
    end
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5b_a_watch_that_retention_overruns_ends_and_goes_over_no_hole() {
    let long = std::env::var("SLIPSTREAM_LONG").ok();
    let runs: usize = long.as_ref().map_or(12, |runs| runs.parse().unwrap());
    let mut ends = Vec::new();
    let mut place = Place::fresh().await.unwrap();
    for number in 0..runs {
        if number % 12 == 11 {
            place = Place::fresh().await.unwrap();
        }
        let (run, began) = (run(number), Instant::now());
        let end = timeout(PATIENCE, overrun(&place.urls["server"], run)).await;
        let end = end.unwrap_or_else(|_| panic!("{run:?} has no end"));
        if long.is_some() {
            println!("{run:?}: {end:?} after {:?}", began.elapsed());
        }
        // Whoever stood still all the time cannot have been told everything.
        assert!(end == End::Expired || matches!(run.pace, Pace::Slow), "{run:?}");
        ends.push(end);
    }
    let expired = ends.iter().filter(|end| **end == End::Expired).count();
    println!("{runs} runs: {expired} expired, {} complete, no hole", runs - expired);
}

/// Others replace the whole store again and again, while a watch that nothing is kept from has
/// little to be told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_a_quiet_watch_lives_on_in_a_store_that_is_replaced_again_and_again() {
    const ROUNDS: usize = 2;
    let place = Place::fresh().await.unwrap();
    let load = Load { value: 100, max_bytes: 32 << 10, writes: 0 };
    let run = Run { number: 0, load, writers: 1, pace: Pace::Standing, kind: Kind::Prefix };
    let (_connection, store) = opened(&place.urls["server"], &run).await;
    let writer = store.writer().unwrap();
    writer.put("quiet.first", b"0").await.unwrap();
    let watcher = store.watcher().unwrap();
    let mut watch = watcher
        .source(&KeySet::of_prefixes(&["quiet."]).unwrap(), &WatchCursor::none())
        .unwrap()
        .unwrap();
    while !watch.next_batch(BatchLimit::default()).await.unwrap().unwrap().is_synced() {}
    let mut next = async |keys: &[String]| {
        let mut told = Vec::new();
        while told.len() < keys.len() {
            let next = timeout(PATIENCE, watch.next_batch(BatchLimit::default())).await.unwrap();
            told.extend(next.unwrap().unwrap().iter().map(|update| update.key.to_owned()));
        }
        told.sort();
        assert_eq!(told, keys);
    };
    for round in 0..ROUNDS {
        // Slower than any server is late, and then several keys at once.
        for number in 0..300 {
            writer.put(&format!("loud.{number}"), &[b'v'; 100]).await.unwrap();
            sleep(Duration::from_millis(15)).await;
        }
        let keys: Vec<_> = (0..8).map(|number| format!("quiet.{round}.{number}")).collect();
        let puts = keys.iter().map(|key| writer.put(key, b"1"));
        let puts = futures_util::future::join_all(puts);
        let (puts, ()) = tokio::join!(puts, next(&keys));
        assert!(puts.iter().all(Result::is_ok));
        // As fast as can be, and then one.
        write(&store, &Run { writers: 64, ..run }, 0..3_000).await;
        let key = [format!("quiet.{round}")];
        let (put, ()) = tokio::join!(writer.put(&key[0], b"1"), next(&key));
        put.unwrap();
    }
}

/// Requests to JetStream, as the server hears them.
struct Heard {
    _client: async_nats::Client,
    requests: async_nats::Subscriber,
}

impl Heard {
    async fn at(url: &str) -> Self {
        let client = async_nats::connect(url).await.unwrap();
        let requests = client.subscribe("$JS.API.>").await.unwrap();
        client.flush().await.unwrap();
        Self { _client: client, requests }
    }

    /// What was asked since the last time, by subject.
    async fn asked(&mut self) -> Vec<String> {
        let mut subjects = Vec::new();
        let quiet = Duration::from_millis(200);
        while let Ok(Some(message)) = timeout(quiet, self.requests.next()).await {
            subjects.push(message.subject.to_string());
        }
        subjects
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5b_what_is_told_as_it_is_written_costs_no_request_an_update() {
    const UPDATES: usize = 2_000;
    let place = Place::fresh().await.unwrap();
    let url = &place.urls["server"];
    for (number, kind) in KINDS.into_iter().enumerate() {
        let load = Load { value: 100, max_bytes: 1 << 20, writes: UPDATES };
        let run = Run { number, load, writers: 1, pace: Pace::Standing, kind };
        let (reading, store) = opened(url, &run).await;
        // It is full: every write removes the oldest.
        let log = write(&store, &Run { writers: 64, ..run }, 0..12_000).await;
        let cursor = match kind {
            Kind::Resumed => WatchCursor::from_u64(log[log.len() - 1].0),
            _ => WatchCursor::none(),
        };
        let watcher = store.watcher().unwrap();
        let mut watch = watcher.source(&kind.keys(), &cursor).unwrap().unwrap();
        while !watch.next_batch(BatchLimit::default()).await.unwrap().unwrap().is_synced() {}
        let mut heard = Heard::at(url).await;
        let mut told = Vec::new();
        let (_, end) = timeout(PATIENCE, async {
            let writer = async {
                write(&store, &run, 20_000..20_000 + UPDATES).await;
                store.writer().unwrap().put(LAST, b"last").await.unwrap();
            };
            tokio::join!(writer, read(&mut *watch, Pace::Standing, &mut told))
        })
        .await
        .unwrap();
        assert_eq!(end, End::Complete, "{kind:?}");
        let asked = heard.asked().await;
        println!("{kind:?}: {} updates, {} requests", told.len(), asked.len());
        assert!(asked.len() * 20 <= told.len(), "{kind:?}: {asked:?}");
        reading.shutdown().await.unwrap();
    }
}
