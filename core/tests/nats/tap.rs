//! Counts what passes between a client and its server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What is counted: requests to read, of one key or of many.
const READ: &[u8] = b"PUB $JS.API.DIRECT.GET.";

/// Forwards connections to a server for as long as the test runs.
pub struct Tap {
    pub url: String,
    reads: Arc<AtomicUsize>,
}

impl Tap {
    /// A tap in front of the server of this URL.
    pub fn of(url: &str) -> Self {
        let server = url.strip_prefix("nats://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let reads = Arc::<AtomicUsize>::default();
        let tap = Self { url, reads: reads.clone() };
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (back, reads) = ((server.try_clone(), client.try_clone()), reads.clone());
                thread::spawn(move || forward(client, server, &reads));
                thread::spawn(|| forward(back.0.unwrap(), back.1.unwrap(), &AtomicUsize::new(0)));
            }
        });
        tap
    }

    /// Requests to read that have passed.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, reads: &AtomicUsize) {
    let (mut buffer, mut kept) = (vec![0; 1 << 16], Vec::new());
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        let found = kept.windows(READ.len()).filter(|window| *window == READ).count();
        reads.fetch_add(found, Ordering::SeqCst);
        // One that is cut in two is found with the rest of it.
        kept.drain(..kept.len().saturating_sub(READ.len() - 1));
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
