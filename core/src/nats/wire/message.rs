//! One message as it came over the wire.

use bytes::Bytes;
use std::fmt;
use std::ops::Range;

/// One message as it came.
#[derive(Clone)]
pub(in crate::nats) struct Message {
    pub(super) frame: Bytes,
    pub(super) subject: Span,
    pub(super) subscription: Span,
    pub(super) reply: Span,
    pub(super) headers: Span,
    pub(super) payload: Span,
}

/// Where in a frame something stands.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Message {
    pub(in crate::nats) fn subject(&self) -> &[u8] {
        self.part(self.subject)
    }

    /// What it was subscribed to as.
    pub(in crate::nats) fn subscription(&self) -> &[u8] {
        self.part(self.subscription)
    }

    /// Where an answer to it would go; empty if nowhere.
    pub(in crate::nats) fn reply(&self) -> &[u8] {
        self.part(self.reply)
    }

    /// The headers with the line that precedes them.
    pub(in crate::nats) fn headers(&self) -> &[u8] {
        self.part(self.headers)
    }

    pub(in crate::nats) fn payload(&self) -> &[u8] {
        self.part(self.payload)
    }

    /// The payload, shared and not copied.
    pub(in crate::nats) fn value(&self) -> Bytes {
        self.frame.slice(self.payload.range())
    }

    /// The status and its description, which stand in the line before the headers.
    pub(in crate::nats) fn status(&self) -> Option<(u16, &str)> {
        let line = self.headers().strip_prefix(b"NATS/1.0 ")?;
        let end = line.iter().position(|byte| *byte == b'\r').unwrap_or(line.len());
        let line = str::from_utf8(&line[..end]).ok()?.trim();
        let (status, text) = line.split_once(' ').unwrap_or((line, ""));
        Some((status.parse().ok()?, text.trim()))
    }

    fn part(&self, span: Span) -> &[u8] {
        &self.frame[span.range()]
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = String::from_utf8_lossy(self.subject());
        f.debug_struct("Message").field("subject", &subject).finish_non_exhaustive()
    }
}

impl Span {
    pub(super) fn of(range: Range<usize>) -> Self {
        // Lines and messages are held below this.
        Self { start: range.start as u32, end: range.end as u32 }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
