//! A proxy that counts what passes between a client and its server, and breaks one connection.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is counted: requests to read, of one key or of many; requests of consumers, and what lets
/// one go on that pushes.
const COUNTED: [&[u8]; 3] =
    [b"PUB $JS.API.DIRECT.GET.", b"PUB $JS.API.CONSUMER.MSG.NEXT.", b"PUB $JS.FC."];
/// What tells a connection that carries requests: a write.
const WRITE: &[u8] = b"PUB $KV.";
const LONGEST: usize = 64;

/// Forwards connections to a server for as long as the test runs.
pub struct Tap {
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Only the first connection is let through.
    only_one: bool,
    counts: [AtomicUsize; 3],
    connections: Mutex<Vec<Connection>>,
}

#[derive(Clone)]
struct Connection {
    client: Arc<TcpStream>,
    stalled: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
}

impl Tap {
    /// A tap in front of the server of this URL.
    pub fn of(url: &str) -> Self {
        Self::start(url, State::default())
    }

    /// A tap that lets one connection through, the first.
    pub fn of_one(url: &str) -> Self {
        Self::start(url, State { only_one: true, ..State::default() })
    }

    fn start(url: &str, state: State) -> Self {
        let (scheme, server) = url.split_once("://").unwrap();
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let tap = Self { url, state: Arc::new(state) };
        let state = tap.state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                accept(client.unwrap(), &server, &state);
            }
        });
        tap
    }

    /// Requests to read that have passed.
    pub fn reads(&self) -> usize {
        self.count(0)
    }

    /// Requests for what consumers have that have passed.
    pub fn pulls(&self) -> usize {
        self.count(1)
    }

    /// What has passed that lets consumers go on.
    pub fn goes_on(&self) -> usize {
        self.count(2)
    }

    fn count(&self, what: usize) -> usize {
        self.state.counts[what].load(Ordering::SeqCst)
    }

    /// Connections that were made so far.
    pub fn connections(&self) -> usize {
        self.state.connections.lock().unwrap().len()
    }

    /// Whether writes have passed through the connection that was made last.
    pub fn last_carries(&self) -> bool {
        self.last().writes.load(Ordering::SeqCst) > 0
    }

    /// Says this to the client by the connection of this number, as if the server had said it.
    pub fn say(&self, connection: usize, text: &[u8]) {
        let connection = self.state.connections.lock().unwrap()[connection].clone();
        (&*connection.client).write_all(text).unwrap();
    }

    /// Cuts the connection that was made last.
    pub fn cut_last(&self) {
        let _ = self.last().client.shutdown(Shutdown::Both);
    }

    /// Holds back for good what the connection says that was made last, and what it is told.
    pub fn stall_last(&self) {
        self.last().stalled.store(true, Ordering::SeqCst);
    }

    fn last(&self) -> Connection {
        self.state.connections.lock().unwrap().last().unwrap().clone()
    }
}

fn accept(client: TcpStream, server: &str, state: &Arc<State>) {
    if state.only_one && !state.connections.lock().unwrap().is_empty() {
        return;
    }
    let server = TcpStream::connect(server).unwrap();
    let (from_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let connection =
        Connection { client: Arc::new(client), stalled: Arc::default(), writes: Arc::default() };
    state.connections.lock().unwrap().push(connection.clone());
    let (back, stalled) = (connection.clone(), connection.stalled.clone());
    thread::spawn(move || forward(from_server, &back.client, &back.stalled, |_| ()));
    let (state, mut before) = (state.clone(), Vec::<u8>::new());
    let count = move |text: &[u8]| {
        // One that is cut in two is found with the rest of it.
        let text = [&before[..], text].concat();
        let found = |what: &[u8]| {
            // Not what was counted before because it was whole then.
            let windows = text.windows(what.len()).enumerate();
            let whole = |at: usize| at + what.len() <= before.len();
            windows.filter(|(at, it)| *it == what && !whole(*at)).count()
        };
        for (what, count) in COUNTED.iter().zip(&state.counts) {
            count.fetch_add(found(what), Ordering::SeqCst);
        }
        connection.writes.fetch_add(found(WRITE), Ordering::SeqCst);
        before = text[text.len().saturating_sub(LONGEST - 1)..].to_vec();
    };
    thread::spawn(move || forward(from_client, &server, &stalled, count));
}

fn forward(
    mut from: TcpStream,
    mut to: &TcpStream,
    stalled: &AtomicBool,
    mut passes: impl FnMut(&[u8]),
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if stalled.load(Ordering::SeqCst) {
            continue;
        }
        passes(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
