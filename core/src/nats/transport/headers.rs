//! The headers of messages: of those to be written, and of those that came.

use async_nats::header::HeaderMap;

/// The headers of a message to be written.
pub(in crate::nats) struct Headers {
    /// As they are written, with the line before them and the empty one after.
    text: Vec<u8>,
    pairs: Vec<(&'static str, String)>,
}

/// In a message that was read from a stream: its version. No answer of the server itself has one.
pub(in crate::nats) const SEQUENCE: &str = "Nats-Sequence";

const FIRST: &str = "NATS/1.0\r\n";
const LAST: &str = "\r\n";

impl Headers {
    /// Headers of these names and values; nothing if there are none.
    pub(in crate::nats) fn of(pairs: Vec<(&'static str, String)>) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let mut text = FIRST.to_owned();
        for (name, value) in &pairs {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str(LAST);
        Some(Self { text: text.into(), pairs })
    }

    /// As they are written.
    pub(in crate::nats) fn text(&self) -> &[u8] {
        &self.text
    }

    /// As async-nats takes them.
    pub(in crate::nats) fn map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.pairs {
            map.insert(*name, value.as_str());
        }
        map
    }
}

/// The names and values of headers, after the line that precedes them.
pub(in crate::nats) fn lines(headers: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = headers.split(|byte| *byte == b'\n').skip(1);
    lines.filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_lines_between_a_first_and_an_empty_one() {
        assert!(Headers::of(Vec::new()).is_none());
        let headers = Headers::of(vec![("A", "1".to_owned()), ("B", "x y".to_owned())]).unwrap();
        assert_eq!(headers.text(), b"NATS/1.0\r\nA: 1\r\nB: x y\r\n\r\n");
        assert_eq!(headers.map().get("B").unwrap().as_str(), "x y");
    }
}
