//! A NATS client that does no more than the protocol asks for.

use crate::{Result, server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A server that says nothing for so long has lost something.
const PATIENCE: Duration = Duration::from_secs(30);
const ROOM: usize = 1 << 18;

/// A NATS client that does no more than the protocol asks for, on one blocking socket: what it
/// reaches is what the server gives.
pub struct Wire {
    socket: TcpStream,
    /// Sent at the latest when nothing is left to read.
    output: Vec<u8>,
    input: Vec<u8>,
    read: usize,
    filled: usize,
}

/// A message, where the input holds it.
pub struct Message<'w> {
    /// Of the subscription.
    pub id: u32,
    pub headers: &'w [u8],
    pub payload: &'w [u8],
}

/// Where the parts of a message lie in the input.
struct Place {
    id: u32,
    start: usize,
    headers: usize,
    total: usize,
}

impl Wire {
    pub fn connect() -> Result<Self> {
        let socket = TcpStream::connect(server::address()?)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let output = b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\n"
            .to_vec();
        Ok(Self { socket, output, input: vec![0; ROOM], read: 0, filled: 0 })
    }

    pub fn subscribe(&mut self, subject: &str, id: u32) {
        self.output.extend_from_slice(format!("SUB {subject} {id}\r\n").as_bytes());
    }

    pub fn unsubscribe(&mut self, id: u32) {
        self.output.extend_from_slice(format!("UNSUB {id}\r\n").as_bytes());
    }

    /// Publishes, and asks for the answer on `reply` unless that is empty.
    pub fn publish(&mut self, subject: [&str; 2], reply: &str, payload: &[u8]) {
        let [prefix, rest] = subject;
        for part in [b"PUB ", prefix.as_bytes(), rest.as_bytes(), b" ", reply.as_bytes(), b" "] {
            self.output.extend_from_slice(part);
        }
        self.output.extend_from_slice(payload.len().to_string().as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.output.extend_from_slice(payload);
        self.output.extend_from_slice(b"\r\n");
    }

    pub fn flush(&mut self) -> Result<()> {
        self.socket.write_all(&self.output)?;
        self.output.clear();
        Ok(())
    }

    /// The next message of any subscription.
    pub fn next(&mut self) -> Result<Message<'_>> {
        let Place { id, start, headers, total } = loop {
            match self.parse()? {
                Some(place) => break place,
                None => self.fill()?,
            }
        };
        let (headers, payload) = self.input[start..start + total].split_at(headers);
        Ok(Message { id, headers, payload })
    }

    /// Asks and waits for the answer, with `id` as the subscription for it.
    pub fn request(&mut self, subject: &str, payload: &[u8], id: u32) -> Result<Vec<u8>> {
        let inbox = format!("_INBOX.bench.request.{}", std::process::id());
        self.subscribe(&inbox, id);
        self.publish([subject, ""], &inbox, payload);
        let answer = loop {
            let message = self.next()?;
            if message.id == id {
                break message.payload.to_vec();
            }
        };
        self.unsubscribe(id);
        Ok(answer)
    }

    /// Parses what has been read up to the end of the next message, if that has come.
    fn parse(&mut self) -> Result<Option<Place>> {
        loop {
            let rest = &self.input[self.read..self.filled];
            let Some(end) = memchr::memchr(b'\n', rest) else { return Ok(None) };
            let line = rest[..end].trim_ascii_end();
            let start = self.read + end + 1;
            let with_headers = match line {
                [b'M', b'S', b'G', b' ', ..] => false,
                [b'H', b'M', b'S', b'G', b' ', ..] => true,
                [b'-', ..] => return Err(String::from_utf8_lossy(line).into()),
                other => {
                    if other == b"PING" {
                        self.output.extend_from_slice(b"PONG\r\n");
                    }
                    self.read = start;
                    continue;
                }
            };
            let mut fields = line.split(|&byte| byte == b' ');
            let id = number(fields.by_ref().nth(2))? as u32;
            let total = number(fields.next_back())?;
            let headers = if with_headers { number(fields.next_back())? } else { 0 };
            // The line end after the payload is part of the message.
            let next = start + total + 2;
            if next > self.filled {
                return Ok(None);
            }
            self.read = next;
            return Ok(Some(Place { id, start, headers, total }));
        }
    }

    fn fill(&mut self) -> Result<()> {
        self.flush()?;
        self.input.copy_within(self.read..self.filled, 0);
        self.filled -= self.read;
        self.read = 0;
        let count = self.socket.read(&mut self.input[self.filled..])?;
        if count == 0 {
            return Err(
                "the server closed the connection, or a message is larger than any here".into()
            );
        }
        self.filled += count;
        Ok(())
    }
}

fn number(field: Option<&[u8]>) -> Result<usize> {
    Ok(std::str::from_utf8(field.unwrap_or_default())?.parse()?)
}
