//! Cursors of watches on a cluster carry a time (contract rule V4).

use crate::place::Place;
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Store, connect};
use slipstream::kv::{BatchLimit, WatchCursor};
use std::time::{Duration, SystemTime};
use tokio::time::sleep;

/// Clocks of one machine that are read in two processes.
const CLOSE: Duration = Duration::from_secs(2);

/// The cursor after everything that a watch from `cursor` on tells at once.
async fn after(store: &Store, cursor: &WatchCursor) -> WatchCursor {
    let watch = store.watch(&[""], cursor).unwrap();
    watch.next_batch(BatchLimit::default()).await.unwrap().expect("an update");
    WatchCursor::from_bytes(&watch.cursor().to_bytes()).expect("a cursor")
}

#[tokio::test]
async fn v4_a_cursor_carries_a_time_at_which_nothing_after_it_had_happened() {
    let place = Place::fresh().await.unwrap();
    let session = connect(&place.urls["server"], ConnectOptions::default()).await.unwrap();
    let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
    let store = session.store(config).await.unwrap();
    store.put("a", b"1", None).await.unwrap();
    let one = after(&store, &WatchCursor::none()).await;
    let time = one.time().expect("a time");
    let now = SystemTime::now();
    assert!(now - CLOSE < time && time < now + CLOSE, "{time:?} at {now:?}");

    sleep(Duration::from_millis(20)).await;
    store.put("b", b"1", None).await.unwrap();
    let two = after(&store, &one).await;
    assert!(two.time().expect("a time") >= time + Duration::from_millis(10));
}
