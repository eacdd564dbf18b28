//! Scans of more than one request can answer, which a consumer pushes.

use crate::place::Place;
use crate::tap::Tap;
use futures_util::stream::{StreamExt, iter};
use slipstream::handle::{ConnectOptions, Session, Store, connect};
use slipstream::{NatsOptions, StoreConfig};
use std::time::Duration;
use tokio::time::timeout;

/// More keys than one request answers for, and more bytes than the server sends before it wants to
/// hear that they were read.
const KEYS: usize = 1_500;
const BYTES: usize = 6_000;
const PATIENCE: Duration = Duration::from_secs(20);

async fn opened(url: &str, user: Option<&str>) -> (Session, Store) {
    let login = user.map(|user| (user.to_owned(), "pass".to_owned()));
    let (user, password) = login.unzip();
    let nats = NatsOptions { user, password, ..NatsOptions::default() };
    let options = ConnectOptions { backend: nats.into(), ..ConnectOptions::default() };
    let session = connect(url, options).await.unwrap();
    let config = StoreConfig { name: "nodes".into(), ..StoreConfig::default() };
    let store = session.store(config).await.unwrap();
    (session, store)
}

async fn fill(url: &str) {
    let (session, store) = opened(url, None).await;
    let put = |number: usize| {
        let store = &store;
        async move { store.put(&format!("key.{number:04}"), &value(number), None).await.unwrap() }
    };
    iter((0..KEYS).map(put)).buffer_unordered(64).count().await;
    session.close().await.unwrap();
}

fn value(number: usize) -> Vec<u8> {
    vec![b'0' + (number % 10) as u8; BYTES]
}

async fn listed(store: &Store) {
    let entries = timeout(PATIENCE, store.scan("")).await.unwrap().unwrap();
    assert_eq!(entries.len(), KEYS);
    for (number, entry) in entries.iter().enumerate() {
        assert_eq!((&entry.key, &entry.value), (&format!("key.{number:04}"), &value(number)));
    }
}

#[tokio::test]
async fn r4_a_large_scan_is_pushed_from_the_first_one_of_a_session_on() {
    let place = Place::fresh().await.unwrap();
    fill(&place.urls["server"]).await;
    let tap = Tap::of(&place.urls["server"]);
    let (_session, store) = opened(&tap.url, None).await;
    for scans in 1..4 {
        listed(&store).await;
        assert!(tap.goes_on() >= scans, "{} after {scans} scans", tap.goes_on());
        assert_eq!(tap.pulls(), 0);
    }
}

#[tokio::test]
async fn r4_a_scan_is_pulled_by_who_may_not_let_a_consumer_go_on() {
    let place = Place::fresh().await.unwrap();
    fill(&place.urls["server"]).await;
    let tap = Tap::of(&place.urls["server"]);
    let (session, store) = opened(&tap.url, Some("single")).await;
    listed(&store).await;
    let (refused, pulls) = (tap.goes_on(), tap.pulls());
    assert!(refused > 0 && pulls > 0);
    listed(&store).await;
    assert_eq!(tap.goes_on(), refused);
    assert!(tap.pulls() > pulls);
    assert!(session.is_healthy());
}
