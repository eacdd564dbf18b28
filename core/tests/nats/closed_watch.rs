//! Nothing of a watch is left on the server when its `close` returns (contract rule S9).

use crate::place::Place;
use serde_json::Map;
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Session, Store, Watch, connect};
use slipstream::kv::{BatchLimit, KvError, WatchCursor};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Watches that are closed, at different moments of their lives.
const WATCHES: u32 = 200;
/// Between the beginning of a reader and the close, at most: a consumer is made within it.
const LATEST: Duration = Duration::from_millis(8);
const PATIENCE: Duration = Duration::from_secs(20);

struct Opened {
    place: Place,
    session: Session,
    store: Store,
}

impl Opened {
    async fn fresh(options: ConnectOptions) -> Self {
        let place = Place::fresh().await.unwrap();
        let session = connect(&place.urls["proxy"], options).await.unwrap();
        let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
        let store = session.store(config).await.unwrap();
        for key in ["a", "b", "c"] {
            store.put(key, b"1", None).await.unwrap();
        }
        Self { place, session, store }
    }

    fn watch(&self) -> Watch {
        self.store.watch(&[""], &WatchCursor::none()).unwrap()
    }

    async fn tell(&self, what: &str) {
        self.place.call(what, &Map::new()).await.unwrap();
    }

    async fn consumers(&self) -> u64 {
        let store = Map::from_iter([("store".to_owned(), self.store.name().into())]);
        self.place.call("count_consumers", &store).await.unwrap().as_u64().unwrap()
    }

    /// Closes a watch, of which nothing is left then.
    async fn closes(&self, watch: &Watch, number: u32) {
        let closed = timeout(PATIENCE, watch.close()).await.unwrap();
        closed.unwrap_or_else(|failure| panic!("watch {number}: {failure}"));
        assert_eq!(self.consumers().await, 0, "watch {number} has left a consumer");
    }
}

fn moment(number: u32) -> Duration {
    LATEST * (number % 20) / 20
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_a_close_while_synced_waits_leaves_no_consumer() {
    let opened = Opened::fresh(ConnectOptions::default()).await;
    for number in 0..WATCHES {
        let watch = opened.watch();
        let waiting = watch.clone();
        let waiter = tokio::spawn(async move { waiting.synced().await });
        sleep(moment(number)).await;
        opened.closes(&watch, number).await;
        let told = timeout(PATIENCE, waiter).await.unwrap().unwrap();
        if let Err(failure) = told {
            assert!(matches!(failure.error, KvError::WatchError(_)), "{failure}");
        }
    }
    opened.session.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_a_close_right_after_a_reader_was_cancelled_leaves_no_consumer() {
    let opened = Opened::fresh(ConnectOptions::default()).await;
    for number in 0..WATCHES {
        let watch = opened.watch();
        let reading = watch.clone();
        let reader = tokio::spawn(async move {
            while let Ok(Some(_)) = reading.next_batch(BatchLimit::default()).await {}
        });
        sleep(moment(number)).await;
        // It is dropped by its runtime, possibly after the watch was closed.
        reader.abort();
        opened.closes(&watch, number).await;
    }
    opened.session.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_a_close_while_a_reader_waits_leaves_no_consumer() {
    let opened = Opened::fresh(ConnectOptions::default()).await;
    for number in 0..WATCHES {
        let watch = opened.watch();
        let reading = watch.clone();
        let reader = tokio::spawn(async move {
            while reading.next_batch(BatchLimit::default()).await.unwrap().is_some() {}
        });
        sleep(moment(number)).await;
        opened.closes(&watch, number).await;
        timeout(PATIENCE, reader).await.unwrap().unwrap();
    }
    opened.session.close().await.unwrap();
}

#[tokio::test]
async fn s9_a_watch_that_is_cancelled_goes_without_anybody_waiting() {
    let opened = Opened::fresh(ConnectOptions::default()).await;
    let watch = opened.watch();
    watch.synced().await.unwrap();
    assert_eq!(opened.consumers().await, 1);
    watch.cancel();
    let gone = async {
        while opened.consumers().await > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the consumer is gone");
    opened.closes(&watch, 0).await;
}

#[tokio::test]
async fn s9_a_close_says_why_something_stays() {
    let timeout = Duration::from_millis(500);
    let opened = Opened::fresh(ConnectOptions { timeout, ..ConnectOptions::default() }).await;
    let (silent, cut) = (opened.watch(), opened.watch());
    silent.synced().await.unwrap();
    cut.synced().await.unwrap();

    opened.tell("mute").await;
    let failure = silent.close().await.unwrap_err();
    assert_eq!((failure.operation, failure.error), ("close", KvError::Timeout));

    opened.tell("refuse").await;
    let failure = loop {
        // The connection may not have noticed it.
        match cut.close().await.unwrap_err().error {
            KvError::Timeout => sleep(Duration::from_millis(10)).await,
            error => break error,
        }
    };
    assert!(matches!(&failure, KvError::ConnectionFailed(_)), "{failure}");
}
