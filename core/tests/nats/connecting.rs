//! How a connection is made, closed and dropped, and that nothing is left of it (rules L1, L5).

use crate::place::Place;
use slipstream::{Connection, KvError, NatsConnection, NatsConnectionConfig};
use std::time::{Duration, Instant};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn writes(connection: &NatsConnection, key: &str) -> Result<(), KvError> {
    let store = connection.store("nodes").await?;
    let version = store.writer().expect("a writer").put(key, b"1").await?;
    let entry = store.reader().get(key).await?.expect("an entry");
    assert_eq!(entry.version, version);
    Ok(())
}

#[tokio::test]
async fn l1_a_connection_is_made_from_a_literal_closed_and_made_again() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::new(NatsConnectionConfig {
        url: place.urls["server"].clone(),
        creds: None,
        creds_file: None,
    });
    assert_eq!(writes(&connection, "a").await, Err(KvError::NotConnected));
    for _ in 0..2 {
        connection.connect().await.unwrap();
        assert!(connection.is_healthy());
        writes(&connection, "a").await.unwrap();
        connection.shutdown().await.unwrap();
        connection.shutdown().await.unwrap();
        assert!(!connection.is_healthy());
        assert_eq!(writes(&connection, "a").await, Err(KvError::NotConnected));
    }
}

#[tokio::test]
async fn the_builder_says_who_connects() {
    let place = Place::fresh().await.unwrap();
    let reader = NatsConnection::builder(&place.urls["server"]).user("reader", "p@ss:word");
    let connection = reader.client_name("builder").build();
    connection.connect().await.unwrap();
    writes(&connection, "a").await.unwrap();
    let denied = writes(&connection, "locked.a").await;
    assert!(matches!(denied, Err(KvError::PermissionDenied(_))), "{denied:?}");
    connection.shutdown().await.unwrap();
}

#[tokio::test]
async fn l5_nothing_is_left_of_a_connection_that_is_closed() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let place = Place::fresh().await.unwrap();
    for server_runs in [true, false] {
        let connection = NatsConnection::builder(&place.urls["server"]).build();
        connection.connect().await.unwrap();
        writes(&connection, "a").await.unwrap();
        if !server_runs {
            place.call("stop", &serde_json::Map::new()).await.unwrap();
            until("the loss is noticed", || !connection.is_healthy()).await;
        }
        connection.shutdown().await.unwrap();
        until("every task has ended", || alive() == 0).await;
    }
}

#[tokio::test]
async fn l5_a_connection_that_is_dropped_while_its_server_is_down_does_not_go_on() {
    let place = Place::fresh().await.unwrap();
    let connection = NatsConnection::builder(&place.urls["server"]).build();
    connection.connect().await.unwrap();
    place.call("stop", &serde_json::Map::new()).await.unwrap();
    until("the loss is noticed", || !connection.is_healthy()).await;
    drop(connection);
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    until("every task has ended", || alive() == 0).await;
}

#[tokio::test]
async fn tls_needs_no_provider_of_the_process_and_installs_none() {
    let place = Place::fresh().await.unwrap();
    let url = place.urls["server"].replace("nats://", "tls://");
    let error = NatsConnection::builder(url).build().connect().await;
    let Err(KvError::ConnectionFailed(text)) = error else { panic!("{error:?}") };
    assert!(text.contains("TLS") && text.contains(&place.urls["address"]), "{text}");
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
