//! Makes a client of async-nats, which stays connected to one of the servers of a URL.

use super::address::{Address, Addresses};
use super::config::Settings;
use super::credentials::Credentials;
use super::dial::Dial;
use super::tls;
use crate::kv::{KvError, check_duration};
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ReconnectToServer, Server,
    ServerInfo,
};
use futures_util::FutureExt;
use std::error::Error;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + Sync>>;

/// Who a client was made for.
pub(in crate::nats) trait ClientOwner: Clone + Send + Sync + 'static {
    /// Hears what becomes of the client.
    fn tell(&self, event: Event);

    /// Returns once nobody needs the client any more.
    fn gone(&self) -> impl Future<Output = ()> + Send + Sync;
}

/// A connection that no longer answers is given up after three of these (async-nats' rule), so
/// that a half-open one is noticed within 10 s.
const PING_INTERVAL: Duration = Duration::from_millis(2500);

/// The least time a server has to answer when a connection is made anew, however little the first
/// one was given: nobody waits for it with a deadline of their own.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(2);

const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Messages a subscription holds before async-nats drops some: more than any watch or set of
/// requests has credit for, so that none ever is.
const SUBSCRIPTION_CAPACITY: usize = 1 << 18;

/// Connects to one of the servers of the URL, and from then on stays connected to any of them.
///
/// A server that does not answer takes only its share of the time, so that the list is tried
/// whole. The error names every server that was tried and why it was not the one (rule L4).
/// `owner` is told what becomes of the client afterwards, which ends once the owner is gone.
pub(in crate::nats) async fn connect(
    settings: &Settings,
    owner: &impl ClientOwner,
) -> Result<(Client, Dial), KvError> {
    check_duration("timeout", settings.timeout)?;
    check_duration("connect_timeout", settings.connect_timeout)?;
    let deadline = Instant::now() + settings.connect_timeout;
    let mut addresses = Addresses::parse(&settings.url)?;
    let dial = timeout_at(deadline, dial(settings.clone(), addresses.clone()))
        .await
        .unwrap_or_else(|_| Err(failed(&addresses, "reading the files it needs timed out")))?;
    let options = options(&dial, &addresses)
        .reconnect_delay_callback(|_| Duration::ZERO)
        .reconnect_to_server_callback(pacing(owner.clone()))
        .event_callback({
            let owner = owner.clone();
            move |event| {
                owner.tell(event);
                std::future::ready(())
            }
        });
    // A fleet that is given one list does not all come to the first server of it.
    shuffle(addresses.servers_mut());
    let mut failures = Vec::new();
    for (tried, server) in addresses.servers().iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.servers().len() - tried).unwrap_or(u32::MAX);
        match try_server(server, options.clone(), share).await {
            Ok(client) => {
                let widened = timeout_at(deadline, widen(&client, addresses.servers())).await;
                widened.unwrap_or_else(|_| Err(failed(server, "the connection was cut again")))?;
                return Ok((client, dial));
            }
            Err(failure) => failures.push(failure),
        }
    }
    Err(sum(failures))
}

/// How to log in, whichever server it is. Reads the files that are named.
async fn dial(settings: Settings, addresses: Addresses) -> Result<Dial, KvError> {
    let reading = tokio::task::spawn_blocking(move || {
        let given = &settings.options;
        let servers = u32::try_from(addresses.servers().len()).unwrap_or(u32::MAX);
        let client_name = given.client_name.as_deref().unwrap_or("slipstream");
        Ok(Dial {
            tls: Arc::new(tls::client_config(given)?),
            credentials: Credentials::read(addresses.login(), given)?,
            require_tls: addresses.need_tls() || tls::is_asked_for(given),
            tls_first: given.tls_first,
            client_name: client_name.to_owned(),
            limit: (settings.connect_timeout / servers).max(RECONNECT_TIMEOUT),
        })
    });
    reading.await.unwrap_or_else(|error| Err(KvError::OperationFailed(error.to_string())))
}

/// The options of async-nats, whichever server it is.
fn options(dial: &Dial, addresses: &Addresses) -> ConnectOptions {
    let options = dial.credentials.options();
    let mut options = options
        .name(&dial.client_name)
        .require_tls(dial.require_tls)
        .tls_client_config((*dial.tls).clone())
        .connection_timeout(dial.limit)
        .ping_interval(PING_INTERVAL)
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        // Every operation has its own deadline (rule L3).
        .request_timeout(None)
        // Keys and names are checked before they become a part of one (rules K1, K3).
        .skip_subject_validation(true);
    if dial.tls_first {
        options = options.tls_first();
    }
    // The addresses that a server tells of websockets would be taken for plain ones.
    if addresses.servers().iter().any(|server| server.scheme().is_websocket()) {
        options = options.ignore_discovered_servers();
    }
    options
}

async fn try_server(
    server: &Address,
    options: ConnectOptions,
    limit: Duration,
) -> Result<Client, KvError> {
    let silent = || failed(server, &format!("no answer within {limit:.1?}"));
    // async-nats panics over some messages that a server may send.
    let connecting = AssertUnwindSafe(options.connect(server.server_addr()?)).catch_unwind();
    let Ok(connected) = timeout(limit, connecting).await else { return Err(silent()) };
    let Ok(connected) = connected else {
        return Err(failed(server, "it says what no NATS server says"));
    };
    match connected {
        Ok(client) => Ok(client),
        Err(error) if error.kind() == ConnectErrorKind::TimedOut => Err(silent()),
        Err(error) if is_denial(&error) => {
            let text = format!("{server}: the server refused the login: {}", error.kind());
            Err(KvError::PermissionDenied(text))
        }
        Err(error) => Err(failed(server, &cause(&error))),
    }
}

/// Lets the client reconnect to the whole list, and to what the server told it of its cluster.
async fn widen(client: &Client, servers: &[Address]) -> Result<(), KvError> {
    if servers.len() == 1 {
        return Ok(());
    }
    let lost = |error: &dyn Error| KvError::ConnectionFailed(error.to_string());
    let mut pool = servers.iter().map(Address::server_addr).collect::<Result<Vec<_>, _>>()?;
    for server in client.server_pool().await.map_err(|error| lost(&error))? {
        if !pool.contains(&server.addr) {
            pool.push(server.addr);
        }
    }
    client.set_server_pool(pool).await.map_err(|error| lost(&error))
}

/// Lets a client that lost its connection wait between its rounds through the list of servers, and
/// stop once nobody needs it: async-nats itself would go on for ever.
fn pacing(
    owner: impl ClientOwner,
) -> impl Fn(Vec<Server>, ServerInfo) -> BoxFuture<Option<ReconnectToServer>> {
    move |servers, _| {
        let owner = owner.clone();
        let rounds = servers.iter().map(|server| server.failed_attempts).min().unwrap_or(0);
        Box::pin(async move {
            tokio::select! {
                biased;
                () = owner.gone() => give_up().await,
                () = sleep(reconnect_delay(rounds)) => None,
            }
        })
    }
}

/// Ends the task of a client. Unwinding is the only way out that async-nats leaves to a callback;
/// it is no panic, so nothing is printed, and the task is the only thing that ends.
async fn give_up() -> ! {
    if cfg!(panic = "unwind") {
        std::panic::resume_unwind(Box::new("the connection was closed"));
    }
    std::future::pending().await
}

/// At once the first time, then after a growing time of up to 2 s, of which up to half is chance:
/// the clients of a server that restarts do not come back all at the same moment.
pub(in crate::nats) fn reconnect_delay(rounds: usize) -> Duration {
    let Some(doublings) = rounds.checked_sub(1) else { return Duration::ZERO };
    let doublings = u32::try_from(doublings).unwrap_or(u32::MAX);
    let ceiling = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_DELAY);
    ceiling.mul_f64(0.5 + 0.5 * chance())
}

fn shuffle<T>(items: &mut [T]) {
    for end in (1..items.len()).rev() {
        // Below 1, so never beyond the end.
        items.swap(end, (chance() * (end + 1) as f64) as usize);
    }
}

/// At least 0 and below 1; without a source of chance, a half.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / (f64::from(u32::MAX) + 1.0))
}

fn failed(server: &dyn std::fmt::Display, cause: &str) -> KvError {
    KvError::ConnectionFailed(format!("{server}: {cause}"))
}

fn is_denial(error: &ConnectError) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    text.contains("authorization violation") || text.contains("authentication expired")
}

/// Why a server could not be connected to, in the words of the layer that noticed.
fn cause(error: &ConnectError) -> String {
    match tls_error(error) {
        Some(rustls::Error::InvalidMessage(problem)) => {
            format!("TLS: {problem:?}; does it speak TLS on this port?")
        }
        Some(problem) => format!("TLS: {problem}"),
        None => error.to_string(),
    }
}

fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let tls = error.downcast_ref::<rustls::Error>();
    // The error that an I/O error wraps is not its source, but stands in its place.
    let deeper = || match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    };
    tls.or_else(|| deeper().and_then(tls_error))
}

/// One error of all servers. It is a denial if one of them denied: trying again does not help.
fn sum(failures: Vec<KvError>) -> KvError {
    let mut denied = false;
    let texts = failures.into_iter().map(|failure| match failure {
        KvError::PermissionDenied(text) => {
            denied = true;
            text
        }
        KvError::ConnectionFailed(text) => text,
        other => other.to_string(),
    });
    let text = texts.collect::<Vec<_>>().join("; ");
    if denied { KvError::PermissionDenied(text) } else { KvError::ConnectionFailed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnecting_waits_longer_each_round_and_never_long() {
        for rounds in 0..100 {
            let delays: Vec<_> = (0..50).map(|_| reconnect_delay(rounds)).collect();
            let longest = Duration::from_millis(50 << rounds.saturating_sub(1).min(6));
            let longest = if rounds == 0 { Duration::ZERO } else { longest.min(LONGEST_DELAY) };
            assert!(delays.iter().all(|delay| *delay <= longest && *delay * 2 >= longest));
            let same = delays.iter().all(|delay| *delay == delays[0]);
            assert_eq!(same, rounds == 0, "chance spreads every round but the first");
        }
    }

    #[test]
    fn shuffling_loses_no_server_and_changes_their_order() {
        let orders: Vec<_> = (0..50)
            .map(|_| {
                let mut order = [1, 2, 3, 4, 5];
                shuffle(&mut order);
                order
            })
            .collect();
        assert!(orders.iter().any(|order| *order != orders[0]));
        for mut order in orders {
            order.sort_unstable();
            assert_eq!(order, [1, 2, 3, 4, 5]);
        }
    }
}
