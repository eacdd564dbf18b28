//! Many watches of a single key each, beside writes of them all, on one connection (S6).

use crate::place::Place;
use futures_util::future::join_all;
use slipstream::handle::{ConnectOptions, Selection, Store, Watch, connect};
use slipstream::kv::BatchLimit;
use slipstream::{KvUpdate, StoreConfig, WatchCursor};
use std::time::Duration;
use tokio::time::timeout;

/// A server lets a stream have a thousand consumers unless it is told otherwise.
const WATCHES: usize = 900;
const PUTS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s6_nine_hundred_watches_of_a_key_each_go_beside_a_thousand_puts() {
    let place = Place::fresh().await.unwrap();
    let session = connect(&place.urls["server"], ConnectOptions::default()).await.unwrap();
    let config = StoreConfig { name: "flat".into(), ..StoreConfig::default() };
    let store = session.store(config).await.unwrap();
    let puts = |value: &'static [u8]| {
        let store = &store;
        join_all((0..PUTS).map(|number| async move { store.put(&key(number), value, None).await }))
    };
    puts(b"before").await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    let watches: Vec<Watch> = (0..WATCHES).map(|number| watch(&store, number)).collect();
    let readers = join_all(watches.iter().map(|watch| timeout(PATIENCE, told_all(watch))));
    let (told, written) = tokio::join!(readers, async {
        let synced = watches.iter().map(|watch| timeout(PATIENCE, synced(watch)));
        join_all(synced).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        puts(b"after").await
    });
    written.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    for (number, told) in told.into_iter().enumerate() {
        let own = |value: &str| (key(number), value.to_owned());
        assert_eq!(told.unwrap(), [own("before"), own("after")]);
    }
    // Each was told of its own key, and of nothing behind that either.
    store.put("end", b"", None).await.unwrap();
    for watch in &watches {
        let more = timeout(Duration::ZERO, watch.next_batch(BatchLimit::default())).await;
        assert!(more.is_err(), "{more:?}");
    }
    assert!(session.is_healthy());
    session.close().await.unwrap();
}

fn key(number: usize) -> String {
    format!("p.{number:05}")
}

fn watch(store: &Store, number: usize) -> Watch {
    let selection = Selection::new(None, Some(vec![key(number)]));
    store.watch(selection, &WatchCursor::none()).unwrap()
}

/// Waits for the first state beside the reader.
async fn synced(watch: &Watch) {
    watch.synced().await.unwrap();
}

/// The first two updates.
async fn told_all(watch: &Watch) -> Vec<(String, String)> {
    let mut told = Vec::new();
    while told.len() < 2 {
        let batch = watch.next_batch(BatchLimit::default()).await.unwrap().unwrap();
        told.extend(batch.into_updates().map(|update| match update {
            KvUpdate::Put(entry) => (entry.key, String::from_utf8(entry.value).unwrap()),
            other => panic!("{other:?}"),
        }));
    }
    told
}
