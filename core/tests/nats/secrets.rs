//! Nothing that is shown or logged holds a secret (rule L4).

use crate::logged::Logged;
use crate::place::Place;
use slipstream::handle::{self, ConnectOptions};
use slipstream::{Connection, NatsConnection, NatsConnectionConfig, NatsOptions};
use std::time::Duration;

const SECRET: &str = "HUNTER2";

#[tokio::test]
async fn l4_nothing_that_is_shown_or_logged_holds_a_secret() {
    let logged = Logged::start();
    let place = Place::fresh().await.unwrap();
    let address = &place.urls["address"];
    let mut shown = Vec::new();
    for url in [
        format!("nats://reader:{SECRET}@{address}"),
        format!("nats://reader:p%40ss%3Aword@{address},127.0.0.1:1"),
        format!("nats://{SECRET}@{address}"),
        format!("tls://reader:{SECRET}@{address}"),
        format!("ws://reader:{SECRET}@{address}/path"),
        format!("ws://{address}/path?token={SECRET}"),
        format!("nats://reader:{SECRET}@127.0.0.1:1"),
        format!("nats://reader:{SECRET}@no-such-host.invalid"),
        format!("nats://reader:{SECRET}@host:{SECRET}"),
        format!("http://reader:{SECRET}@{address}"),
        format!("{SECRET}@{address}"),
    ] {
        let config = NatsConnectionConfig { url: url.clone(), creds: None, creds_file: None };
        shown.push(format!("{config:?} {:?}", NatsConnection::builder(&*url)));
        let connection = NatsConnection::builder(&*url).connect_timeout(Duration::from_secs(2));
        shown.push(format!("{:?}", connection.build().connect().await));
        match handle::connect(&url, ConnectOptions::default()).await {
            Ok(session) => shown.push(format!("{session:?} {}", session.url())),
            Err(failure) => shown.push(format!("{failure:?} {failure}")),
        }
    }
    let secret = || Some(SECRET.to_owned());
    let options = NatsOptions {
        creds: secret(),
        nkey: secret(),
        token: secret(),
        password: secret(),
        ..NatsOptions::default()
    };
    shown.push(format!(
        "{:?}",
        ConnectOptions { backend: options.into(), ..ConnectOptions::default() }
    ));
    let creds = NatsConnectionConfig { creds: secret(), ..NatsConnectionConfig::default() };
    shown.push(format!("{creds:?}"));
    shown.push(logged.text());
    for text in shown {
        assert!(
            !text.contains(SECRET) && !text.contains("p@ss") && !text.contains("p%40"),
            "{text}"
        );
    }
    assert!(logged.text().contains("authorization violation"), "nothing was logged");
}
