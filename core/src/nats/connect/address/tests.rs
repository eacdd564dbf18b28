//! Tests of what URLs mean, and that nothing shows a secret.

use super::{Addresses, Login, Scheme};
use crate::kv::KvError;
use proptest::prelude::*;

fn parsed(url: &str) -> Addresses {
    Addresses::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn shown(url: &str) -> Vec<String> {
    parsed(url).servers().iter().map(ToString::to_string).collect()
}

fn refused(url: &str) -> String {
    match Addresses::parse(url) {
        Err(KvError::InvalidArgument(text)) => text,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn a_list_of_servers_may_name_its_scheme_once() {
    let expected = ["nats://a:4222", "nats://b:4223", "tls://c:1"];
    assert_eq!(shown("nats://a:4222,b:4223, tls://c:1 "), expected);
    assert!(parsed("nats://a,tls://b").need_tls());
    assert!(!parsed("nats://a,b").need_tls());
    assert_eq!(shown("wss://a,b"), ["wss://a:443", "wss://b:443"]);
}

#[test]
fn ports_and_paths_have_their_defaults() {
    assert_eq!(shown("nats://Host_1.example-a"), ["nats://host_1.example-a:4222"]);
    assert_eq!(shown("tls://a/"), ["tls://a:4222"]);
    assert_eq!(shown("ws://a"), ["ws://a:80"]);
    assert_eq!(parsed("ws://a/nats").to_string(), "ws://a:80/nats");
    let address = parsed("wss://a/nats").servers()[0].server_addr().expect("an address");
    assert_eq!(address.as_url_str(), "wss://a/nats");
    assert_eq!(parsed("nats://a").servers()[0].server_addr().expect("an address").port(), 4222);
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    assert_eq!(shown("nats://[::1],[fe80::1]:1"), ["nats://[::1]:4222", "nats://[fe80::1]:1"]);
    let address = parsed("nats://u:p@[::1]:5").servers()[0].server_addr().expect("an address");
    assert_eq!((address.host(), address.port()), ("::1", 5));
    for url in ["nats://::1", "nats://[::1", "nats://[a]", "nats://[::1]5", "nats://[]"] {
        refused(url);
    }
}

#[test]
fn d14_a_login_is_percent_decoded() {
    let user = |user: &str, password: &str| {
        Some(Login::User { user: user.to_owned(), password: password.to_owned() })
    };
    let login = |url| parsed(url).login().cloned();
    assert!(login("nats://al%40ice:p%40s%3A%2F%25%2C@a") == user("al@ice", "p@s:/%,"));
    assert!(login("nats://u:p:q@a") == user("u", "p:q"));
    assert!(login("nats://u:%C5%BE@a") == user("u", "ž"));
    assert!(login("nats://u:@a") == user("u", ""));
    assert!(login("nats://t%2Fok@a") == Some(Login::Token("t/ok".to_owned())));
    assert!(login("nats://a").is_none());
    assert!(login("nats://a,u:p@b,u:p@c") == user("u", "p"));
}

#[test]
fn what_is_wrong_is_named_with_the_server_it_is_wrong_in() {
    for (url, problem) in [
        ("nats://a:x", "server 1: its port"),
        ("nats://a,b:0", "server 2: its port"),
        ("nats://a:65536", "its port"),
        ("nats://a:+1", "its port"),
        ("nats://a:1:2", "more than one port"),
        ("nats://", "no host"),
        ("nats://a,,b", "server 2: it has no host"),
        ("a:4222", "no scheme"),
        ("http://a", "scheme"),
        ("nats://a,http://b", "server 2: its scheme"),
        ("nats://ä", "its host"),
        ("nats://a b", "its host"),
        ("ws://1.2.3.08", "its host"),
        ("nats://a/x", "follow"),
        ("nats://a?x", "follow"),
        ("ws://a/x y", "its path"),
        ("ws://a/x:p@b", "its path"),
        ("ws://a/x?token=t", "its path"),
        ("nats://a,ws://b", "mixed"),
        ("ws://a,wss://b", "mixed"),
        ("nats://u:p@a,u:q@b", "differs"),
        ("nats://@a", "before its @"),
        ("nats://:p@a", "no user"),
        ("nats://u:%4@a", "hexadecimal"),
        ("nats://u:%zz@a", "hexadecimal"),
        ("nats://u:%ff@a", "UTF-8"),
    ] {
        let text = refused(url);
        assert!(text.contains(problem), "{url}: {text}");
    }
}

#[test]
fn every_scheme_has_its_name() {
    for scheme in [Scheme::Nats, Scheme::Tls, Scheme::Ws, Scheme::Wss] {
        assert!(Scheme::named(scheme.name()) == Some(scheme));
    }
}

/// Anything that may stand around a secret, well-formed or not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("nats://".to_owned()),
        Just("wss://".to_owned()),
        "[,@:/%?#\\[\\] ]",
        "[a-z]{1,4}",
        "[0-9]{1,5}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

const SECRET: &str = "HUNTER2hunter2";

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(url in any::<String>(), pieces in pieces()) {
        for text in [url, pieces] {
            if let Ok(addresses) = Addresses::parse(&text) {
                prop_assert!(!addresses.servers().is_empty());
                for server in addresses.servers() {
                    prop_assert!(server.server_addr().is_ok(), "{}", server);
                }
            }
        }
    }

    #[test]
    fn l4_no_text_that_holds_a_password_shows_it(before in pieces(), after in pieces()) {
        for url in [
            format!("nats://{before}:{SECRET}@{after}"),
            format!("nats://u:{before}{SECRET}@{after}"),
            format!("nats://u:{SECRET}{before}@a{after}"),
            format!("tls://{SECRET}@{before},{after}"),
            format!("{before}:{SECRET}@{after}"),
        ] {
            // Behind the last @ of a part it is a host, which is no secret.
            let is_login = url.split(',').all(|part| {
                part.rsplit_once('@').is_none_or(|(_, host)| !host.contains(SECRET))
            });
            match Addresses::parse(&url) {
                Ok(addresses) if is_login => {
                    prop_assert!(!format!("{addresses} {addresses:?}").contains(SECRET), "{}", url);
                }
                Ok(_) => {}
                Err(error) => prop_assert!(!format!("{error} {error:?}").contains(SECRET), "{}", url),
            }
        }
    }
}
