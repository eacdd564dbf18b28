//! The formats of what is left on a server (contract rules U1, U2).

use crate::place::Place;
use crate::raw::Raw;
use serde_json::{Value, json};
use slipstream::StoreConfig;
use slipstream::handle::{ConnectOptions, Failure, Store, connect};

/// The headers of an empty value, as the first version writes them.
const MESSAGE: &[u8] = include_bytes!("../formats/message-1");

async fn open(url: &str) -> Result<Store, Failure> {
    let session = connect(url, ConnectOptions::default()).await.unwrap();
    session.store(StoreConfig { name: "nodes".into(), ..StoreConfig::default() }).await
}

async fn ask(client: &async_nats::Client, operation: &str, request: &Value) -> Value {
    let subject = format!("$JS.API.STREAM.{operation}.KV_nodes");
    let answer = client.request(subject, request.to_string().into()).await.unwrap();
    serde_json::from_slice(&answer.payload).unwrap()
}

#[tokio::test]
async fn u1_a_message_of_every_format_is_read() {
    let place = Place::fresh().await.unwrap();
    let url = &place.urls["server"];
    let store = open(url).await.unwrap();
    let mut raw = Raw::to(url.trim_start_matches("nats://"));
    raw.publish(b"$KV.nodes.empty", MESSAGE, b"");
    raw.settle();
    let found = store.get("empty").await.unwrap().expect("a value");
    assert!(found.value.is_empty() && !found.deleted);
}

#[tokio::test]
async fn u2_a_bucket_of_a_newer_format_is_refused_as_newer_and_left_alone() {
    let place = Place::fresh().await.unwrap();
    let url = &place.urls["server"];
    open(url).await.unwrap().put("a", b"1", None).await.unwrap();
    let client = async_nats::connect(url.as_str()).await.unwrap();
    let mut config = ask(&client, "INFO", &Value::Null).await["config"].take();
    assert_eq!(config["metadata"]["slipstream-format"], "1");
    assert_eq!(config["metadata"]["slipstream-minimum"], "1");
    for (format, minimum, told) in [
        ("9", "1", "format 9, which is newer"),
        ("9", "7", "know format 7"),
        ("new", "1", "\"new\", which is no format"),
    ] {
        config["metadata"] = json!({ "slipstream-format": format, "slipstream-minimum": minimum });
        assert!(ask(&client, "UPDATE", &config).await["error"].is_null());
        let refused = open(url).await.expect_err("a refusal");
        assert!(refused.to_string().contains(told), "{refused}");
        assert!(!refused.error.retryable());
    }
    // One that another client made says nothing.
    config["metadata"] = json!({});
    ask(&client, "UPDATE", &config).await;
    assert_eq!(open(url).await.unwrap().get("a").await.unwrap().unwrap().value, b"1");
}
