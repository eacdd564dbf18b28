//! Publishes bytes as they are, which no client of NATS would.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A connection to a server without any client.
pub struct Raw {
    socket: TcpStream,
    /// Messages that no stream is known to have stored.
    published: usize,
}

impl Raw {
    /// A connection to the server at this address.
    pub fn to(address: &str) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        let hello = b"CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB raw.stored 1\r\n";
        socket.write_all(hello).unwrap();
        Self { socket, published: 0 }
    }

    /// Publishes a message to a subject of a stream.
    pub fn publish(&mut self, subject: &[u8], headers: &[u8], payload: &[u8]) {
        let (verb, lengths): (&[u8], _) = match headers.len() {
            0 => (b"PUB ", format!(" raw.stored {}\r\n", payload.len())),
            some => (b"HPUB ", format!(" raw.stored {some} {}\r\n", some + payload.len())),
        };
        let message = [verb, subject, lengths.as_bytes(), headers, payload, b"\r\n"].concat();
        self.socket.write_all(&message).unwrap();
        self.published += 1;
    }

    /// Waits until all of it is stored.
    pub fn settle(&mut self) {
        let (mut said, mut buffer) = (String::new(), [0; 4096]);
        while said.matches("\"stream\"").count() < self.published {
            let count = self.socket.read(&mut buffer).unwrap();
            assert!(count > 0, "{said}");
            said += &String::from_utf8_lossy(&buffer[..count]);
            assert!(!said.contains("-ERR") && !said.contains("\"error\""), "{said}");
        }
        self.published = 0;
    }
}
