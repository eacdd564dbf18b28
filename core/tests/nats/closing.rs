//! What becomes of a close that is given up, or asked for twice, while a write is under way (W9).

use crate::place::Place;
use futures_util::future::join;
use slipstream::kv::{KvError, VersionToken};
use slipstream::{Connection, KvStore, NatsConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Long enough for a write to be sent and made.
const A_MOMENT: Duration = Duration::from_millis(300);
/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection whose server has made a write and was not heard yet.
struct UnderWay {
    place: Place,
    connection: NatsConnection,
    store: Arc<dyn KvStore>,
    write: JoinHandle<Result<VersionToken, KvError>>,
}

impl UnderWay {
    async fn begun() -> Self {
        let place = Place::fresh().await.unwrap();
        let connection = NatsConnection::builder(&place.urls["proxy"]).build();
        connection.connect().await.unwrap();
        let store = connection.store("nodes").await.unwrap();
        put(&store, "first").await.unwrap();
        tell(&place, "mute").await;
        let writing = store.clone();
        let write = tokio::spawn(async move { put(&writing, "under_way").await });
        sleep(A_MOMENT).await;
        Self { place, connection, store, write }
    }

    /// Lets the answer come: the write is told as made, and nothing is left of the connection.
    async fn ends(self) {
        tell(&self.place, "forward").await;
        let version = timeout(PATIENCE, self.write).await.unwrap().unwrap().unwrap();
        assert_ne!(version, VersionToken::unknown());
        assert_eq!(put(&self.store, "later").await, Err(KvError::NotConnected));
        let deadline = Instant::now() + PATIENCE;
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            assert!(Instant::now() < deadline, "the connection was not closed");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn put(store: &Arc<dyn KvStore>, key: &str) -> Result<VersionToken, KvError> {
    store.writer().expect("a writer").put(key, b"1").await
}

async fn tell(place: &Place, what: &str) {
    place.call(what, &serde_json::Map::new()).await.unwrap();
}

#[tokio::test]
async fn w9_a_close_that_is_given_up_waits_for_the_write_all_the_same() {
    let under_way = UnderWay::begun().await;
    let given_up = timeout(A_MOMENT, under_way.connection.shutdown()).await;
    assert!(given_up.is_err(), "it did not wait for the write");
    assert_eq!(put(&under_way.store, "meanwhile").await, Err(KvError::NotConnected));
    under_way.ends().await;
}

#[tokio::test]
async fn w9_the_second_of_two_closes_waits_as_the_first_does() {
    let under_way = UnderWay::begun().await;
    let connection = &under_way.connection;
    let both = timeout(A_MOMENT, join(connection.shutdown(), connection.shutdown())).await;
    assert!(both.is_err(), "they did not wait for the write");
    let second = timeout(A_MOMENT, connection.shutdown()).await;
    assert!(second.is_err(), "the second did not wait for the first");
    under_way.ends().await;
}
